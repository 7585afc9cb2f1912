import DequeModule
import PostgresWire

/// Which position may be confirmed: the end of the last commit before which everything is durable.
///
/// Batches may become durable in any order; only those before which none is missing count. The position never goes back.
struct Progress {
  private struct Flight {
    let confirms: LSN
    let size: Int
    var isDurable = false
  }

  private var flights: Deque<Flight> = []
  private var firstNumber = 0
  /// Everything before this is durable.
  private(set) var flushed: LSN
  /// How many bytes are with the sink.
  private(set) var bytesInFlight = 0

  init(flushed: LSN = .zero) {
    self.flushed = flushed
  }

  var isIdle: Bool { flights.isEmpty }
  /// How many batches are with the sink, or behind one that is.
  var count: Int { flights.count }

  /// A batch goes to the sink; once it and all before it are durable, `confirms` is.
  mutating func start(size: Int, confirms: LSN) -> Int {
    flights.append(Flight(confirms: confirms, size: size))
    bytesInFlight += size
    return firstNumber + flights.count - 1
  }

  /// A batch has become durable.
  mutating func finish(_ number: Int) {
    flights[number - firstNumber].isDurable = true
    while let first = flights.first, first.isDurable {
      flights.removeFirst()
      firstNumber += 1
      bytesInFlight -= first.size
      flushed = max(flushed, first.confirms)
    }
  }

  /// Nothing is waiting to be delivered: the stream's own position counts.
  mutating func advance(to lsn: LSN) {
    if flights.isEmpty { flushed = max(flushed, lsn) }
  }
}
