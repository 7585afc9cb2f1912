// SPDX-License-Identifier: Apache-2.0

/// What one of libpq's reads brought.
struct SocketRead {
  /// What it takes from the socket, at least and most often; of encrypted data it takes one record.
  private static let sizes = (least: 8192, most: 16_384)

  /// How many bytes the socket held before, if it was looked at.
  let waiting: Int?
  /// How many bytes of frames came out.
  var fresh = 0

  init(waiting: Int?) { self.waiting = waiting }

  /// Whether to stop reading, also by what the socket holds now.
  func isEnough(left: Int?, isEncrypted: Bool) -> Bool {
    // A part of a record may be left when the socket is empty, so there has to be a read that found it so.
    if isEncrypted { return waiting == 0 && left == 0 }
    return fresh < Self.sizes.least && (left ?? 0) < Self.sizes.most
  }
}
