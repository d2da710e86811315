// Package sigv4 signs and verifies HTTP requests with AWS Signature Version 4.
//
// It is pure: no clock, no I/O, no logger, no state of its own. The four steps
// of the algorithm come back as values, so that a caller can show or compare
// them:
//
//	canonical request   method, path, query, signed headers and payload hash,
//	                    written in the one form that both sides can rebuild
//	string to sign      algorithm, date, credential scope and the hash of the
//	                    canonical request
//	signing key         the secret access key, narrowed by HMAC to a day, a
//	                    region and a service
//	signature           HMAC of the string to sign under the signing key
//
// Sign puts the signature into the Authorization header, Presign into the
// query of a URL, SignEvent into the headers of an event stream's message.
// Verify is the other side: it rebuilds the steps from a request that arrived.
// Explain is for a request that was refused: it finds what broke the signature.
//
// Source: "AWS Signature Version 4 for API requests", IAM User Guide. Where
// the guide leaves room, the package does what botocore does; the differences
// are named at the functions that have them.
package sigv4
