package eventstream

import (
	"errors"
	"fmt"
)

// What can be wrong with a frame; FormatError says where. The errors of Append
// wrap ErrLength and ErrHeader too.
var (
	ErrPreludeChecksum = errors.New("prelude checksum mismatch")
	ErrMessageChecksum = errors.New("message checksum mismatch")
	ErrLength          = errors.New("impossible length")
	ErrHeader          = errors.New("malformed header")
)

// FormatError reports bytes that are not a frame. Everything before Offset was
// sound.
type FormatError struct {
	Offset int64 // where the frame begins, in bytes from the start of the stream
	Err    error // wraps one of the four sentinels and says what was expected and found
}

// Error names the offset and the defect.
func (e *FormatError) Error() string {
	return fmt.Sprintf("eventstream: message at offset %d: %v", e.Offset, e.Err)
}

// Unwrap returns e.Err.
func (e *FormatError) Unwrap() error { return e.Err }

// TruncatedError reports a stream that ended, or whose reader failed, in the
// middle of a message.
type TruncatedError struct {
	Offset int64 // where the message begins, in bytes from the start of the stream
	Have   int64 // bytes of it that arrived
	Want   int64 // its length; 16, the shortest, while the length itself is missing
	Err    error // io.ErrUnexpectedEOF, or the reader's own error
}

// Error names the offset and how many bytes are missing.
func (e *TruncatedError) Error() string {
	least := ""
	if e.Have < preludeLen {
		least = "at least "
	}
	return fmt.Sprintf("eventstream: message at offset %d is cut short: %s%d bytes missing after %d: %v",
		e.Offset, least, e.Want-e.Have, e.Have, e.Err)
}

// Unwrap returns e.Err.
func (e *TruncatedError) Unwrap() error { return e.Err }
