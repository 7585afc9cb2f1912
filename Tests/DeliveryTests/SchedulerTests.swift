// SPDX-License-Identifier: Apache-2.0

import IntegrationEvents
import TestDelivery
import Testing

@testable import Delivery

struct SchedulerTests {
  /// Lets expectations call what mutates.
  private final class Taker {
    private var scheduler: DeliveryScheduler

    init(_ scheduler: DeliveryScheduler) {
      self.scheduler = scheduler
    }

    var count: Int { scheduler.count }
    func take(atMost events: Int, bytes: Int) -> DeliveryScheduler.Parcel? {
      scheduler.take(atMost: events, bytes: bytes)
    }
    func finish(_ parcel: DeliveryScheduler.Parcel) { scheduler.finish(parcel) }
  }

  private func scheduler(_ keys: [String], types: [String] = []) async throws -> (Taker, EventBatch) {
    let batch = try Events.batch(
      keys.enumerated().map { number, key in
        .init(id: "\(number)", key: key, aggregateType: types.isEmpty ? "order" : types[number])
      })
    var scheduler = DeliveryScheduler()
    let flight = BatchInFlight(batch, number: 0)
    for index in batch.events.indices { scheduler.enqueue(.init(batch: flight, index: index)) }
    return (Taker(scheduler), batch)
  }

  @Test func `a key that is under way is not taken again until it is finished`() async throws {
    let (scheduler, _) = try await scheduler(["a", "a", "b"])
    let first = try #require(scheduler.take(atMost: 1, bytes: .max))
    let second = try #require(scheduler.take(atMost: 1, bytes: .max))
    #expect([first.items[0].index, second.items[0].index] == [0, 2])
    #expect(scheduler.take(atMost: 1, bytes: .max) == nil)
    scheduler.finish(first)
    #expect(scheduler.take(atMost: 1, bytes: .max)?.items[0].index == 1)
  }

  @Test func `events of one aggregate id go one after another, whatever their aggregate type`() async throws {
    let (scheduler, _) = try await scheduler(["a", "a", "b"], types: ["order", "invoice", "order"])
    let first = try #require(scheduler.take(atMost: 1, bytes: .max))
    #expect(scheduler.take(atMost: 1, bytes: .max)?.items[0].index == 2)
    #expect(scheduler.take(atMost: 1, bytes: .max) == nil)
    scheduler.finish(first)
    #expect(scheduler.take(atMost: 1, bytes: .max)?.items[0].index == 1)
  }

  @Test func `a parcel holds whole runs of keys, in order, within its bounds`() async throws {
    let (scheduler, batch) = try await scheduler(["a", "b", "a", "c", "a"])
    let parcel = try #require(scheduler.take(atMost: 4, bytes: .max))
    #expect(parcel.items.map(\.index) == [0, 2, 4, 1])
    #expect(scheduler.count == 1)
    let (other, _) = try await self.scheduler(["a", "b"])
    #expect(other.take(atMost: 9, bytes: batch.events[0].line.count)?.items.count == 1)
  }

  @Test func `an event larger than a batch may be goes alone`() async throws {
    let (scheduler, _) = try await scheduler(["a", "b"])
    #expect(scheduler.take(atMost: 9, bytes: 1)?.items.count == 1)
    #expect(scheduler.take(atMost: 9, bytes: 1)?.items.count == 1)
  }

  @Test func `events without a key wait for nobody`() async throws {
    let (scheduler, _) = try await scheduler(["", "", ""])
    #expect(scheduler.take(atMost: 1, bytes: .max) != nil)
    #expect(scheduler.take(atMost: 1, bytes: .max) != nil)
    #expect(scheduler.take(atMost: 1, bytes: .max) != nil)
  }
}
