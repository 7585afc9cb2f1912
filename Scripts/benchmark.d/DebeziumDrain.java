import io.debezium.engine.ChangeEvent;
import io.debezium.engine.DebeziumEngine;
import io.debezium.engine.format.Json;
import java.io.FileReader;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/**
 * Debezium's engine with its outbox router, as a program that embeds it would run it; it counts events, writes none,
 * and ends when it has so many. Prints the seconds from the first batch to the last, for a stream that has long begun.
 *
 * <p>Arguments: a properties file, the number of events, and after how many seconds to give up.
 */
public final class DebeziumDrain {
  public static void main(String[] arguments) throws Exception {
    Properties settings = new Properties();
    try (FileReader reader = new FileReader(arguments[0])) {
      settings.load(reader);
    }
    Counter counter = new Counter(Long.parseLong(arguments[1]));
    DebeziumEngine<ChangeEvent<String, String>> engine = DebeziumEngine.create(Json.class)
        .using(settings)
        .notifying(counter)
        .using((success, message, error) -> {
          if (!success) {
            System.err.println(message);
            System.exit(1);
          }
        })
        .build();
    ExecutorService executor = Executors.newSingleThreadExecutor();
    executor.execute(engine);
    boolean isDone = counter.done.await(Long.parseLong(arguments[2]), TimeUnit.SECONDS);
    System.out.println((counter.ended - counter.began) / 1e9);
    System.out.flush();
    // What closing takes is none of the stream's time.
    Runtime.getRuntime().halt(isDone && counter.left == 0 ? 0 : 1);
  }

  private static final class Counter implements DebeziumEngine.ChangeConsumer<ChangeEvent<String, String>> {
    final CountDownLatch done = new CountDownLatch(1);
    volatile long left;
    volatile long began;
    volatile long ended;

    Counter(long count) {
      left = count;
    }

    @Override
    public void handleBatch(
        List<ChangeEvent<String, String>> events,
        DebeziumEngine.RecordCommitter<ChangeEvent<String, String>> committer) throws InterruptedException {
      if (began == 0) {
        began = System.nanoTime();
      }
      long count = 0;
      for (ChangeEvent<String, String> event : events) {
        if (event.value() != null) {
          count++;
        }
        committer.markProcessed(event);
      }
      committer.markBatchFinished();
      left -= count;
      if (left <= 0) {
        ended = System.nanoTime();
        done.countDown();
      }
    }
  }
}
