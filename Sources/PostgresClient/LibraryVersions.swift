// SPDX-License-Identifier: Apache-2.0

import CLibpq

/// What this process runs with, for a report of a defect.
package enum LibraryVersions {
  /// That of libpq, such as `15.18`.
  package static var libpq: String {
    let number = PQlibVersion()
    return "\(number / 10_000).\(number % 10_000)"
  }
}
