//go:build tools

// Package tools pins the operator that reads what VaultSecrets makes: a test peer under BUSL, never shipped.
package tools

import _ "github.com/hashicorp/vault-secrets-operator"
