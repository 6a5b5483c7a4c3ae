package providersim

import (
	"bytes"
	"errors"
	"image"
	_ "image/jpeg" // screenshots
	_ "image/png"
	"io"
	"net/http"

	"github.com/makiuchi-d/gozxing"
	multi "github.com/makiuchi-d/gozxing/multi/qrcode"
	"github.com/makiuchi-d/gozxing/qrcode"
)

// Limits of a screenshot.
const (
	maxPicture = 8 << 20    // bytes
	maxPixels  = 40_000_000 // of it
)

var errNoCode = errors.New("there is no code in the picture")

// phoneScreenshot reads the code in a picture as the camera would, as if it were held in
// front of it.
func (s *Sim) phoneScreenshot(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxPicture+64<<10)
	file, _, err := r.FormFile("picture")
	if err != nil {
		http.Error(w, "picture: a PNG or JPEG of up to 8 MB is needed", http.StatusBadRequest)
		return
	}
	defer file.Close()
	text, err := ReadCode(file)
	if err != nil {
		s.page(w, r, http.StatusOK, "order.html", phoneScreen{Refusal: inWords(WeChat, errUnknownCode)})
		return
	}
	s.scanned(w, r, text, ByCamera)
}

// ReadCode returns what the QR in a picture says, a PNG or JPEG of up to 8 MB and 40
// megapixels.
func ReadCode(picture io.Reader) (string, error) {
	data, err := io.ReadAll(io.LimitReader(picture, maxPicture))
	if err != nil {
		return "", err
	}
	size, _, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil || size.Width*size.Height > maxPixels {
		return "", errNoCode
	}
	seen, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		return "", errNoCode
	}
	bitmap, err := gozxing.NewBinaryBitmapFromImage(seen)
	if err != nil {
		return "", errNoCode
	}
	hints := map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_CHARACTER_SET: "UTF-8", gozxing.DecodeHintType_TRY_HARDER: true}
	if found, err := qrcode.NewQRCodeReader().Decode(bitmap, hints); err == nil {
		return found.GetText(), nil
	}
	// In some codes the data looks like one more of the three marks by which a code is
	// found. The reader for several codes tries all that look like marks.
	found, err := multi.NewQRCodeMultiReader().DecodeMultiple(bitmap, hints)
	if err != nil || len(found) == 0 {
		return "", errNoCode
	}
	return found[0].GetText(), nil
}
