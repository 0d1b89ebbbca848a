module krmor.dev/tests/bench/runner

go 1.26
