// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Something did not happen in time.
struct Timeout: Error, CustomStringConvertible {
  let description: String
}

/// Asks again and again until there is an answer.
@discardableResult
func eventually<Answer>(
  _ what: String, within seconds: Double = 60, every pause: Double = 0.02, _ ask: () throws -> Answer?
) throws -> Answer {
  let deadline = ContinuousClock.now + .seconds(seconds)
  while true {
    if let answer = try ask() { return answer }
    guard ContinuousClock.now < deadline else { throw Timeout(description: "not within \(seconds) s: \(what)") }
    Thread.sleep(forTimeInterval: pause)
  }
}

/// Waits until something is true.
func wait(
  until what: String, within seconds: Double = 60, every pause: Double = 0.02, _ condition: () throws -> Bool
) throws {
  try eventually(what, within: seconds, every: pause) { try condition() ? true : nil }
}

/// How long something took, in seconds.
func duration(of body: () throws -> Void) rethrows -> Double {
  let start = ContinuousClock.now
  try body()
  let length = (ContinuousClock.now - start).components
  return Double(length.seconds) + Double(length.attoseconds) * 1e-18
}
