//go:build tools

// Package tools pins the two stock Helms that krmor is shown to work with. One module: the libraries of Kubernetes are compiled
// once for both.
package tools

import (
	_ "helm.sh/helm/v3/cmd/helm"
	_ "helm.sh/helm/v4/cmd/helm"
)
