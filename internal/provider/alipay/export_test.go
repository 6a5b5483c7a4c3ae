package alipay

// ParseBill reads the archive of a bill: by itself, for fuzzing wants to be fast.
var ParseBill = parseBill

// CertSerial returns the SN of a certificate.
var CertSerial = certSerial

// RootSerial returns the SN of a bundle.
var RootSerial = rootSerial
