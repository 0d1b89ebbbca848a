//go:build tools

// Package tools pins an older stock kustomize.
package tools

import _ "sigs.k8s.io/kustomize/kustomize/v4"
