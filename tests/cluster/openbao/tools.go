//go:build tools

// Package tools pins OpenBao, a server that speaks Vault's API: a test peer, never shipped.
package tools

import _ "github.com/openbao/openbao"
