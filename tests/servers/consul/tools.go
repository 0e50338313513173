// SPDX-License-Identifier: Apache-2.0

//go:build tools

// Package tools names the program that tests/servers/get builds, for "go mod tidy".
package tools

import _ "github.com/hashicorp/consul"
