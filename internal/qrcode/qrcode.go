// Package qrcode draws a payload as a QR code, as an SVG path for the page and
// as a PNG to save. Both have error correction level M, which makes up for 15%
// of damage, and the quiet zone of four modules that scanners need.
//
// What must not live here: what a payload means, or whether it may be shown on
// this device.
package qrcode

import (
	"strconv"
	"unicode/utf8"

	qr "github.com/skip2/go-qrcode"

	"morepay/internal/pay"
)

const (
	// MaxPayload is the most bytes that are drawn. Longer ones need more than 89
	// modules a side, too fine for a phone's camera in a small frame.
	MaxPayload = 512

	// MaxScale is the most pixels a side of a module in a PNG.
	MaxScale = 32

	// QuietZone is the number of light modules around the code (ISO/IEC 18004);
	// go-qrcode draws them too.
	QuietZone = 4
)

// Code is a QR code as a drawing.
type Code struct {
	Size int    // modules a side, quiet zone included
	Path string // the d of an SVG path that fills the dark modules of a Size×Size view box
}

// Encode draws payload: text in UTF-8, 1 to [MaxPayload] bytes. Anything else is
// a *pay.Error that names the field payload. It takes about half a millisecond,
// so draw once per attempt and not once per view.
func Encode(payload string) (Code, error) {
	code, err := encode(payload)
	if err != nil {
		return Code{}, err
	}
	modules := code.Bitmap()
	return Code{Size: len(modules), Path: path(modules)}, nil
}

// PNG draws the same code in black on white, scale pixels a side for each module,
// 1 to [MaxScale]. Errors are as for [Encode], or name the field scale.
func PNG(payload string, scale int) ([]byte, error) {
	if scale < 1 || scale > MaxScale {
		return nil, pay.Errorf(pay.CodeInvalid, "scale", "must be 1 to %d, is %d", MaxScale, scale)
	}
	code, err := encode(payload)
	if err != nil {
		return nil, err
	}
	return code.PNG(-scale) // a negative size is pixels a module
}

// encode makes a code to be drawn once: go-qrcode pads its data again each time.
func encode(payload string) (*qr.QRCode, error) {
	if payload == "" || len(payload) > MaxPayload {
		return nil, pay.Errorf(pay.CodeInvalid, "payload", "must have 1 to %d bytes, has %d", MaxPayload, len(payload))
	}
	if !utf8.ValidString(payload) {
		return nil, pay.Errorf(pay.CodeInvalid, "payload", "must be UTF-8")
	}
	code, err := qr.New(payload, qr.Medium)
	if err != nil {
		return nil, pay.Wrap(pay.CodeInternal, err, "the payload could not be drawn")
	}
	return code, nil
}

// path draws each horizontal run of dark modules as a rectangle. Moves are
// relative to the start of the run before, where its z returned to.
func path(modules [][]bool) string {
	d := make([]byte, 0, len(modules)*len(modules)*3)
	d = append(d, "M0 0"...)
	atX, atY := 0, 0
	for y, row := range modules {
		for x := 0; x < len(row); x++ {
			if !row[x] {
				continue
			}
			start := x
			for x < len(row) && row[x] {
				x++
			}
			d = move(d, start-atX, y-atY)
			d = rectangle(d, x-start)
			atX, atY = start, y
		}
	}
	return string(d)
}

func move(d []byte, dx, dy int) []byte {
	d = append(d, 'm')
	d = strconv.AppendInt(d, int64(dx), 10)
	d = append(d, ' ')
	return strconv.AppendInt(d, int64(dy), 10)
}

func rectangle(d []byte, width int) []byte {
	d = append(d, 'h')
	d = strconv.AppendInt(d, int64(width), 10)
	d = append(d, "v1h-"...)
	d = strconv.AppendInt(d, int64(width), 10)
	return append(d, 'z')
}
