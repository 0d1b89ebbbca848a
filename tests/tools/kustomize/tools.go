//go:build tools

// Package tools pins the stock kustomize that krmor is shown to work with.
package tools

import _ "sigs.k8s.io/kustomize/kustomize/v5"
