# SPDX-License-Identifier: Apache-2.0
#
# KVS_BACKEND(NAME, CHECKS)
# Adds --with-NAME=shared|builtin|no. CHECKS (library tests) run unless the backend is left out.
# Sets the conditionals BACKEND_<NAME>_SHARED, BACKEND_<NAME>_BUILTIN and (either of them) BACKEND_<NAME>.
AC_DEFUN([KVS_BACKEND], [
  m4_pushdef([KVS_UP], m4_toupper([$1]))
  AC_ARG_WITH([$1],
    [AS_HELP_STRING([--with-$1=shared|builtin|no],
      [the $1 backend: a module loaded when needed (default), part of the library, or left out])],
    [], [with_$1=shared])
  AS_CASE([$with_$1],
    [yes|shared], [with_$1=shared; kvs_backends_shared="$kvs_backends_shared $1"],
    [builtin], [kvs_backends_builtin="$kvs_backends_builtin $1"],
    [no], [kvs_backends_no="$kvs_backends_no $1"],
    [AC_MSG_ERROR([--with-$1 takes shared, builtin or no, not $with_$1])])
  AS_IF([test "$with_$1" != no], [
    $2
  ])
  AM_CONDITIONAL([BACKEND_]KVS_UP[_SHARED], [test "$with_$1" = shared])
  AM_CONDITIONAL([BACKEND_]KVS_UP[_BUILTIN], [test "$with_$1" = builtin])
  AM_CONDITIONAL([BACKEND_]KVS_UP, [test "$with_$1" != no])
  m4_popdef([KVS_UP])
])

# KVS_BACKEND_TABLE
# Writes the list of built-in backends for src/core/registry.c.
AC_DEFUN([KVS_BACKEND_TABLE], [
  kvs_builtin_list="X(mem)"
  for kvs_name in $kvs_backends_builtin; do
    kvs_builtin_list="$kvs_builtin_list X($kvs_name)"
  done
  AC_DEFINE_UNQUOTED([KVS_BUILTIN_BACKENDS], [$kvs_builtin_list],
    [the backends that are part of the library, each as X(name)])
])
