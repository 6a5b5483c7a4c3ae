package alipay

// ParseBill reads the archive of a bill: by itself, for fuzzing wants to be fast.
var ParseBill = parseBill
