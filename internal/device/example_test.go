package device_test

import (
	"fmt"

	"morepay/internal/device"
)

func ExampleDetect() {
	d := device.Detect("Mozilla/5.0 (Linux; Android 14; M2102K1C; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 " +
		"Chrome/134.0.6998.136 Mobile Safari/537.36 XWEB/1340059 MMWEBSDK/20250201 MicroMessenger/8.0.58.2841(0x28003A35)")
	fmt.Println(d.Profile, d.Container, d.Form, d.OS, d.Host, d.HostVersion)

	// What is unknown is taken for a phone: its page offers a link beside the code.
	d = device.Detect("curl/8.14.1")
	fmt.Println(d.Profile, d.Container, d.Form)
	// Output:
	// wechat-android wechat mobile android wechat 8.0.58.2841
	// unknown-other browser mobile
}
