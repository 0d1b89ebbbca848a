// Pins kpt as `go build` makes it, which `tests/tools/get kpt` does: the newest that the Go proxy serves with a checksum.
module krmor.dev/tests/tools/kpt

go 1.24

require github.com/GoogleContainerTools/kpt v1.0.0-beta.24
