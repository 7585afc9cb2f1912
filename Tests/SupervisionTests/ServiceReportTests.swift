// SPDX-License-Identifier: Apache-2.0

import Relay
import Testing

@testable import Supervision

/// What a service manager is told of relays.
struct ServiceReportTests {
  /// Two relays, and a clock.
  private struct Scene {
    var report: ServiceReport
    var relays = ["a", "b"].map { ServiceReport.Sight(name: $0, status: RelayStatus()) }
    var now = ContinuousClock.now
    var diskSince: ContinuousClock.Instant?

    init(patience: Duration? = .seconds(20)) {
      report = ServiceReport(2, patience: patience, now: now)
    }

    init(relays names: [String]) {
      report = ServiceReport(names.count, patience: nil, now: now)
      relays = names.map { .init(name: $0, status: RelayStatus()) }
    }

    /// What is told after so many seconds; these relays have answered meanwhile.
    mutating func look(after seconds: Int = 5, answered: Set<Int> = [0, 1]) -> [String] {
      now += .seconds(seconds)
      for index in answered { relays[index].status.time = now }
      return report.look(relays, diskSince: diskSince, now: now)?.split(separator: "\n").map(String.init) ?? []
    }
  }

  @Test func `it is ready when each relay streams or stands by, and once`() {
    var scene = Scene()
    #expect(!scene.look().contains("READY=1"))
    scene.relays[0].status.phase = .streaming
    #expect(!scene.look().contains("READY=1"))
    scene.relays[0].status.phase = .connecting
    scene.relays[1].status.phase = .standby
    #expect(scene.look().contains("READY=1"))
    #expect(!scene.look().contains("READY=1"))
  }

  @Test(arguments: [RelayStatus.Phase.ended, .connecting])
  func `one that has failed and is tried again keeps nobody from being ready`(phase: RelayStatus.Phase) {
    var scene = Scene()
    scene.relays[0].status.phase = .streaming
    #expect(!scene.look().contains("READY=1"), "the other one has not been tried")
    scene.relays[1].status.phase = phase
    scene.relays[1].status.lastFailure = "there is no slot"
    #expect(scene.look().contains("READY=1"))
  }

  @Test func `nobody is ready where none has had a stream, one relay or several`() {
    for names in [["a"], ["a", "b"]] {
      var scene = Scene(relays: names)
      for index in names.indices { scene.relays[index].status.lastFailure = "there is no slot" }
      for phase in [RelayStatus.Phase.ended, .connecting] {
        for index in names.indices { scene.relays[index].status.phase = phase }
        #expect(!scene.look(answered: []).contains("READY=1"), "\(names)")
      }
      scene.relays[0].status.phase = .streaming
      #expect(scene.look(answered: []).contains("READY=1"))
    }
  }

  @Test(arguments: [1, 2, 12, 30, 200])
  func `of many relays, those that are not well are told of first, and the others are counted`(count: Int) {
    var scene = Scene(relays: (0..<count).map { "r\($0)" } + ["zlast"])
    for index in 0..<count { scene.relays[index].status.phase = .streaming }
    scene.relays[count].status.phase = .ended
    scene.relays[count].status.lastFailure = "there is no slot zlast" + String(repeating: ".", count: 100)
    let words = scene.look(answered: []).last { $0.hasPrefix("STATUS=") } ?? ""
    #expect(words.hasPrefix("STATUS=zlast down: there is no slot zlast"), "\(words)")
    #expect(words.contains("r0 idle: nothing waits") || words.hasSuffix("; \(count) well"), "\(words)")
    #expect(words.count < 420)
  }

  @Test func `how many are not well is said where there is no room for all of them`() {
    var scene = Scene(relays: (0..<30).map { "r\($0)" })
    for index in 0..<30 {
      scene.relays[index].status.phase = index < 10 ? .streaming : .ended
      scene.relays[index].status.lastFailure = index < 10 ? nil : String(repeating: "why ", count: 200)
    }
    let words = scene.look(answered: []).last { $0.hasPrefix("STATUS=") } ?? ""
    #expect(words.hasPrefix("STATUS=r10 down: why why") && words.contains("; r11 down: why"), "\(words)")
    #expect(words.contains(" more not well; 10 well") && words.count < 420, "\(words)")
  }

  @Test func `what could not be told is told with what comes next, but for a sign of life`() {
    var scene = Scene()
    for index in 0..<2 { scene.relays[index].status.phase = .streaming }
    scene.report.missed(scene.look().joined(separator: "\n"))
    #expect(scene.report.isExpectant, "it is tried again soon")
    scene.report.missed(scene.look().joined(separator: "\n"))
    let next = scene.look()
    #expect(next.count { $0 == "READY=1" } == 1 && next.count { $0.hasPrefix("STATUS=") } == 1, "\(next)")
    #expect(next.count { $0 == "WATCHDOG=1" } == 1)
    #expect(!scene.look().contains("READY=1") && !scene.report.isExpectant)
  }

  @Test func `one loop of several that gives no sign of life is enough`() {
    var scene = Scene()
    for index in 0..<2 { scene.relays[index].status.phase = .streaming }
    for _ in 0..<10 { #expect(scene.look().contains("WATCHDOG=1")) }
    #expect(scene.look(answered: [0]).contains("WATCHDOG=1"), "half of the time is not over")
    for _ in 0..<2 { _ = scene.look(answered: [0]) }
    for _ in 0..<10 { #expect(!scene.look(answered: [0]).contains("WATCHDOG=1")) }
    scene.relays[1].isAtDisk = true
    #expect(scene.look(answered: [0]).contains("WATCHDOG=1"), "it waits for the disk")
    scene.relays[1].isAtDisk = false
    #expect(scene.look().contains("WATCHDOG=1"))
    scene.relays[1].status.waitsFor = "a"
    for _ in 0..<10 { #expect(scene.look(answered: [0]).contains("WATCHDOG=1"), "it has not begun") }
    scene.relays[1].status.waitsFor = nil
    scene.relays[1].status.phase = .ended
    for _ in 0..<10 { #expect(scene.look(answered: [0]).contains("WATCHDOG=1")) }
  }

  @Test func `a disk that others wait for excuses who has been silent since then, and nobody for longer`() {
    var scene = Scene()
    for index in 0..<2 { scene.relays[index].status.phase = .streaming }
    scene.diskSince = scene.now
    for _ in 0..<10 { #expect(scene.look(answered: [0]).contains("WATCHDOG=1"), "one wait that takes very long") }
    for _ in 0..<10 {
      // One short wait after another.
      scene.diskSince = scene.now + .seconds(5)
      #expect(!scene.look(answered: [0]).contains("WATCHDOG=1"))
    }
    scene.diskSince = nil
    #expect(!scene.look(answered: [0]).contains("WATCHDOG=1"))
    #expect(scene.look().contains("WATCHDOG=1"))
  }

  @Test func `other relays than at the start change nothing of what was told`() {
    var scene = Scene()
    for index in 0..<2 { scene.relays[index].status.phase = .streaming }
    _ = scene.look()
    scene.report.replace(by: 3)
    scene.relays.append(.init(name: "c", status: RelayStatus()))
    #expect(scene.look(answered: [0, 1, 2]).contains("WATCHDOG=1"), "a new one that has no stream yet starves nobody")
    #expect(!scene.look(answered: [0, 1, 2]).contains("READY=1"))
  }

  @Test func `who is not watched gives no sign of life`() {
    var scene = Scene(patience: nil)
    for index in 0..<2 { scene.relays[index].status.phase = .streaming }
    for _ in 0..<10 { #expect(!scene.look().contains("WATCHDOG=1")) }
  }

  @Test func `a reload ends when no new output is waited for any more, or after a while`() {
    var scene = Scene()
    #expect(scene.report.reloading(clock: 1, now: scene.now) == nil, "it has not begun")
    for index in 0..<2 { scene.relays[index].status.phase = .streaming }
    _ = scene.look()
    #expect(scene.report.reloading(clock: 12, now: scene.now) == "RELOADING=1\nMONOTONIC_USEC=12")
    #expect(!scene.look(after: 1).contains("READY=1"), "it is still being read")
    scene.report.reloaded()
    scene.relays[1].isReopening = true
    #expect(!scene.look(after: 1).contains("READY=1"))
    scene.relays[1].isReopening = false
    #expect(scene.look(after: 1).contains("READY=1"))
    _ = scene.report.reloading(clock: 13, now: scene.now)
    scene.relays[1].isReopening = true
    #expect(!scene.look(after: 29).contains("READY=1"))
    #expect(scene.look(after: 2).contains("READY=1"))
  }

  @Test func `a stop is told once, and nothing but signs of life after it`() {
    var scene = Scene()
    for index in 0..<2 { scene.relays[index].status.phase = .streaming }
    _ = scene.look()
    let told = scene.report.stopping(within: .seconds(45))?.split(separator: "\n").prefix(2)
    #expect(told == ["STOPPING=1", "EXTEND_TIMEOUT_USEC=45000000"])
    #expect(scene.report.stopping(within: .seconds(45)) == nil && scene.report.reloading(clock: 1) == nil)
    for index in 0..<2 { scene.relays[index].status.phase = .draining }
    #expect(scene.look() == ["WATCHDOG=1"])
    #expect(scene.report.ended() == "STOPPING=1\nSTATUS=has ended")
  }

  @Test func `words are one line that is not long, whatever a failure says`() {
    var scene = Scene()
    scene.relays[0].status.lastFailure = "no\nREADY=1 \u{1B}[2J" + String(repeating: "x", count: 5000)
    let told = scene.look()
    #expect(told.count == 1 && told[0].hasPrefix("STATUS=a starting: ") && told[0].utf8.count < 500)
    #expect(!told[0].unicodeScalars.contains("\u{1B}"))
  }
}
