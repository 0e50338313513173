# SPDX-License-Identifier: Apache-2.0
#
# KVS_ETCD_STATIC
# Adds --with-etcd-static=yes|no (default: yes where the archives are there): whether to build
# kvsync-etcd, the same program with gRPC linked into it. Sets ETCD_STATIC_LIBS, the full paths of all
# archives as one group, and the conditional ETCD_STATIC.
AC_DEFUN([KVS_ETCD_STATIC], [
  AC_ARG_WITH([etcd-static],
    [AS_HELP_STRING([--with-etcd-static=yes|no],
      [also build kvsync-etcd, with gRPC inside: one-shots on etcd start in a third of the time (default: yes where the static libraries are installed)])],
    [], [with_etcd_static=auto])
  kvs_against=
  AS_IF([test "$with_etcd" = no], [kvs_against=--with-etcd=no],
    [test "x$sanitizer" = xyes], [kvs_against=--enable-sanitizer],
    [test "x$enable_coverage" = xyes], [kvs_against=--enable-coverage])
  AS_CASE([$with_etcd_static],
    [yes], [AS_IF([test -n "$kvs_against"],
      [AC_MSG_ERROR([--with-etcd-static=yes and $kvs_against exclude each other])])],
    [auto], [AS_IF([test -n "$kvs_against"], [with_etcd_static=no])],
    [no], [],
    [AC_MSG_ERROR([--with-etcd-static takes yes or no, not $with_etcd_static])])
  ETCD_STATIC_LIBS=
  AS_IF([test "$with_etcd_static" != no], [
    AC_MSG_CHECKING([for gRPC as static libraries])
    kvs_missing=
    for kvs_lib in `$PKG_CONFIG --static --libs grpc libprotobuf-c json-c yaml-0.1 libcrypto |
        tr ' ' '\n' | sed -n 's/^-l//p'` stdc++; do
      AS_CASE([$kvs_lib], [m|dl|rt|pthread|c], [continue])
      kvs_file=`$CC -print-file-name=lib$kvs_lib.a`
      AS_CASE([$kvs_file],
        [/*], [ETCD_STATIC_LIBS="$ETCD_STATIC_LIBS $kvs_file"],
        [kvs_missing="$kvs_missing lib$kvs_lib.a"])
    done
    kvs_saved_LIBS=$LIBS
    LIBS="-Wl,--start-group $ETCD_STATIC_LIBS -Wl,--end-group -lm $LIBS"
    AS_IF([test -z "$kvs_missing"],
      [AC_LINK_IFELSE([AC_LANG_PROGRAM([[#include <grpc/grpc.h>]], [[grpc_init();]])], [],
        [kvs_missing=" what they need"])])
    LIBS=$kvs_saved_LIBS
    AS_IF([test -z "$kvs_missing"], [AC_MSG_RESULT([yes]); kvs_found=yes],
      [AC_MSG_RESULT([no, without$kvs_missing]); kvs_found=no])
    AS_IF([test "$with_etcd_static$kvs_found" = yesno],
      [AC_MSG_ERROR([kvsync-etcd, with gRPC inside, cannot be linked without$kvs_missing; install the static libraries, or use --with-etcd-static=no])])
    with_etcd_static=$kvs_found
  ])
  # They need one another in circles.
  ETCD_STATIC_LIBS="-Wl,--start-group$ETCD_STATIC_LIBS -Wl,--end-group"
  AC_SUBST([ETCD_STATIC_LIBS])
  AM_CONDITIONAL([ETCD_STATIC], [test "$with_etcd_static" = yes])
])
