# SPDX-License-Identifier: Apache-2.0
#
# KVS_TRY_FLAG(VARIABLE, FLAG): appends FLAG where the compiler and linker take it.
AC_DEFUN([KVS_TRY_FLAG], [
  AS_VAR_PUSHDEF([cache], [kvs_cv_flag_$2])
  AC_CACHE_CHECK([whether $CC takes $2], [cache], [
    kvs_saved_CFLAGS=$CFLAGS
    CFLAGS="$CFLAGS -Werror $2"
    AC_LINK_IFELSE([AC_LANG_PROGRAM()], [AS_VAR_SET([cache], [yes])], [AS_VAR_SET([cache], [no])])
    CFLAGS=$kvs_saved_CFLAGS
  ])
  AS_VAR_IF([cache], [yes], [$1="$$1 $2"])
  AS_VAR_POPDEF([cache])
])

# KVS_COMPILER
# Warnings, hardening (on by default), sanitizers and coverage; sets KVS_CFLAGS and KVS_LDFLAGS.
AC_DEFUN([KVS_COMPILER], [
  AC_ARG_ENABLE([werror], [AS_HELP_STRING([--enable-werror], [turn warnings into errors])])
  AC_ARG_ENABLE([hardening],
    [AS_HELP_STRING([--disable-hardening], [leave out stack protector, FORTIFY_SOURCE, RELRO])])
  AC_ARG_ENABLE([sanitizer],
    [AS_HELP_STRING([--enable-sanitizer=LIST], [build with sanitizers, e.g. address,undefined])])
  AC_ARG_ENABLE([coverage],
    [AS_HELP_STRING([--enable-coverage], [build for gcov])])

  KVS_CFLAGS="-std=gnu11"
  KVS_LDFLAGS=
  m4_foreach_w([flag], [-Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes
    -Wpointer-arith -Wwrite-strings -Wformat=2 -Wundef -Wvla -Wcast-qual
    -Wimplicit-fallthrough -Wno-missing-field-initializers -Wno-unused-parameter],
    [KVS_TRY_FLAG([KVS_CFLAGS], flag)])
  AS_IF([test "x$enable_werror" = xyes], [KVS_CFLAGS="$KVS_CFLAGS -Werror"])

  AS_IF([test -n "$enable_sanitizer" && test "x$enable_sanitizer" != xno], [
    KVS_CFLAGS="$KVS_CFLAGS -fsanitize=$enable_sanitizer -fno-omit-frame-pointer -fno-sanitize-recover=all"
    KVS_LDFLAGS="$KVS_LDFLAGS -fsanitize=$enable_sanitizer"
    enable_hardening=no
    sanitizer=yes
    # what was never set must not be 0 by luck
    KVS_TRY_FLAG([KVS_CFLAGS], [-ftrivial-auto-var-init=pattern])
  ])
  AM_CONDITIONAL([SANITIZER], [test "x$sanitizer" = xyes])
  AS_IF([test "x$enable_coverage" = xyes], [
    KVS_CFLAGS="$KVS_CFLAGS --coverage -O0"
    KVS_LDFLAGS="$KVS_LDFLAGS --coverage"
    enable_hardening=no
  ])
  AS_IF([test "x$enable_hardening" != xno], [
    m4_foreach_w([flag], [-fstack-protector-strong -fstack-clash-protection -fcf-protection
      -ftrivial-auto-var-init=zero],
      [KVS_TRY_FLAG([KVS_CFLAGS], flag)])
    KVS_CFLAGS="$KVS_CFLAGS -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2"
    m4_foreach_w([flag], [-Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack -Wl,--as-needed],
      [KVS_TRY_FLAG([KVS_LDFLAGS], m4_defn([flag]))])
  ])
  AC_SUBST([KVS_CFLAGS])
  AC_SUBST([KVS_LDFLAGS])
])
