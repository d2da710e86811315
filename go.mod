module rawbedrock

go 1.26
