// SPDX-License-Identifier: Apache-2.0

import Glibc

/// The environment variables.
enum Environment {
  /// A variable's value; nil when it is not set or empty.
  static subscript(_ name: String) -> String? {
    guard let value = unsafe getenv(name) else { return nil }
    let text = unsafe String(cString: value)
    return text.isEmpty ? nil : text
  }
}
