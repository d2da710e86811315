// Package eventstream encodes and decodes the binary framing that AWS services
// use for streams, the media type application/vnd.amazon.eventstream. It knows
// the frame and nothing of what any service puts into it.
//
// A message is headers and a payload; a frame is its encoded bytes, integers
// big-endian:
//
//	total length     uint32   of the whole frame, these four bytes included ┐
//	headers length   uint32                                                 │ prelude
//	prelude CRC      uint32   CRC-32 (IEEE) of the 8 bytes before           ┘
//	headers          name length uint8, name, kind uint8, value; repeated
//	payload          the rest
//	message CRC      uint32   CRC-32 (IEEE) of all bytes before
//
// There are ten kinds of header value: true and false (no bytes), byte, short,
// integer and long (signed, 1 to 8 bytes), bytes and string (uint16 length
// first), timestamp (milliseconds since 1970, 8 bytes) and uuid (16 bytes).
//
// A [Decoder] reads messages from a stream and [Append] writes them. What was
// decoded, Append encodes to the very bytes it came from. [AppendJSON] and
// [ParseJSON] do the same with a form that people can read.
//
// [Lint] finds all that is wrong with a captured stream, and [Damage] makes
// broken frames for tests of other decoders.
//
// # Leniency
//
// Readers of this format differ in what they let pass. A header name that
// appears twice is kept twice, in order, and [Headers.Get] answers the last, as
// the AWS SDKs for Go and JavaScript do; names and strings that are not UTF-8
// are kept as they are. A header name of no bytes is refused in both
// directions, for the specification wants one at least.
//
// Specifications: "Amazon Event Stream Specification" of Smithy 2.0, and
// "Event stream encoding" in the Amazon Transcribe Developer Guide.
package eventstream
