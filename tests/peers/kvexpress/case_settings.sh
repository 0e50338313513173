# shellcheck shell=sh disable=SC2154
# SPDX-License-Identifier: Apache-2.0
# The file of -C.  Sourced by cases.sh.

kx in -k file -f hosts -C nowhere.yaml
status_is 1 'defect 4: a file of -C that is not there is a failure'
err_has 'nowhere.yaml: cannot be read: No such file' 'with words'
printf 'dogstatsd: [\n' >broken.yaml
kx in -k file -f hosts -C broken.yaml
status_is 1 'so is one that is no YAML'
printf 'dogstatsd: true\ntoken:\nunknown: [1]\n' >fine.yaml
kx in -k file -f hosts -C fine.yaml
status_is 0 'one with an unknown key is fine'
err_has 'warning: fine.yaml:3:1: unknown key "unknown" is ignored' 'which is told'
