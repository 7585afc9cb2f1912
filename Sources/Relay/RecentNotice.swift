// SPDX-License-Identifier: Apache-2.0

package import Logging
package import PostgresWire

/// What an operator was told lately, for whoever looks later.
package struct RecentNotice: Sendable {
  /// So many are kept.
  static let most = 12

  /// When it was told last.
  package var time: PostgresTimestamp
  package let level: Logger.Level
  /// With what to do about it.
  package let text: String
}

extension StatusBoard {
  /// Keeps what was told; what is told again takes the place of the first time.
  func keep(_ level: Logger.Level, _ text: @autoclosure () -> String) {
    guard isDetailed, level >= .notice else { return }
    let notice = RecentNotice(time: .now, level: level, text: text())
    update { status in
      status.notices.removeAll { $0.text == notice.text }
      status.notices.append(notice)
      status.notices.removeFirst(max(0, status.notices.count - RecentNotice.most))
    }
  }
}
