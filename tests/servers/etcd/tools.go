// SPDX-License-Identifier: Apache-2.0

//go:build tools

// Package tools names the programs that tests/servers/get builds, for "go mod tidy".
package tools

import (
	_ "go.etcd.io/etcd/etcdctl/v3"
	_ "go.etcd.io/etcd/server/v3"
)
