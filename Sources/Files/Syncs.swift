// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// What this process has given to the disk and waits for, which may take long however well the process is.
package enum Syncs {
  static let count = Atomic(0)

  /// Whether something is being made durable just now.
  package static var areUnderWay: Bool { count.load(ordering: .relaxed) > 0 }
}
