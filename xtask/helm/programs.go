//go:build programs

// Package helm names the program that is built from this module, so that go.mod and go.sum
// hold all that it needs. It is never compiled itself.
package helm

import _ "helm.sh/helm/v3/cmd/helm"
