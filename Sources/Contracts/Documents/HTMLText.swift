// SPDX-License-Identifier: Apache-2.0

import Octets

/// Text of a page, in which what somebody else wrote is never markup.
struct HTMLText {
  /// What is written so far.
  private(set) var text = ""

  /// Appends markup of the page's own.
  mutating func markup(_ markup: StaticString) { text += "\(markup)" }

  /// Appends a text: what could be markup, or is not seen, is escaped.
  ///
  /// - Parameters:
  ///   - foreign: The text.
  ///   - keepsLines: Whether its lines stay.
  mutating func text(_ foreign: String, keepsLines: Bool = false) {
    for scalar in foreign.unicodeScalars {
      switch scalar {
      case "&": text += "&amp;"
      case "<": text += "&lt;"
      case ">": text += "&gt;"
      case "\"": text += "&quot;"
      case "'": text += "&#39;"
      case "\n" where keepsLines, "\t" where keepsLines: text.unicodeScalars.append(scalar)
      default:
        if ForeignText.isEscaped(scalar) {
          text += ForeignText(String(scalar)).description
        } else {
          text.unicodeScalars.append(scalar)
        }
      }
    }
  }

  /// Appends an element that holds a text.
  mutating func element(_ open: StaticString, _ foreign: String, _ close: StaticString, keepsLines: Bool = false) {
    markup(open)
    text(foreign, keepsLines: keepsLines)
    markup(close)
  }
}
