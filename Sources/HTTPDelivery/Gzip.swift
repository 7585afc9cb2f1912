// SPDX-License-Identifier: Apache-2.0

import CZlib

/// Compressing request bodies. The only file of this module that calls zlib.
///
/// Source: RFC 1952; zlib manual, "Advanced Functions", deflateInit2.
enum Gzip {
  /// The bytes in gzip's format; nil when zlib has no memory, or they are more than it counts.
  static func compress(_ bytes: [UInt8]) -> [UInt8]? {
    guard bytes.count <= Int(UInt32.max) / 2 else { return nil }
    var stream = unsafe z_stream()
    // Sixteen more than the window's size asks for a gzip header and trailer.
    let opened = unsafe deflateInit2_(
      &stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
      Int32(MemoryLayout<z_stream>.size))
    guard opened == Z_OK else { return nil }
    defer { unsafe deflateEnd(&stream) }
    var input = bytes
    let bound = Int(unsafe deflateBound(&stream, UInt(input.count)))
    var output = [UInt8](repeating: 0, count: bound)
    let status = unsafe input.withUnsafeMutableBufferPointer { source in
      unsafe output.withUnsafeMutableBufferPointer { target in
        unsafe stream.next_in = source.baseAddress
        unsafe stream.avail_in = UInt32(source.count)
        unsafe stream.next_out = target.baseAddress
        unsafe stream.avail_out = UInt32(target.count)
        return unsafe deflate(&stream, Z_FINISH)
      }
    }
    guard status == Z_STREAM_END else { return nil }
    output.removeSubrange((bound - Int(unsafe stream.avail_out))...)
    return output
  }
}
