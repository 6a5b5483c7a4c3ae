package cli

import (
	"errors"
	"io"
	"io/fs"
	"os"

	"github.com/alecthomas/kong"
)

// privateFile is the content of a file that a flag names, or of standard input
// for "-". An error does not repeat the name: somebody may have written the
// content in its place.
type privateFile []byte

// Decode is called by kong.
func (f *privateFile) Decode(ctx *kong.DecodeContext) (err error) {
	var name string
	if err := ctx.Scan.PopValueInto("file", &name); err != nil {
		return err
	}
	if name == "-" {
		*f, err = io.ReadAll(os.Stdin)
		return err
	}
	*f, err = os.ReadFile(kong.ExpandPath(name))
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	return err
}
