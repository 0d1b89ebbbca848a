module krmor.dev/tests/tools/ocilayout

go 1.26.0
