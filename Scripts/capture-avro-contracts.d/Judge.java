// SPDX-License-Identifier: Apache-2.0

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.confluent.kafka.schemaregistry.avro.AvroSchema;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import org.apache.avro.Schema;
import org.apache.avro.SchemaNormalization;

/** Reads lines of JSON and adds what Avro for Java and Confluent's checker say of them. */
public class Judge {
  public static void main(String[] arguments) throws Exception {
    ObjectMapper mapper = new ObjectMapper();
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, "UTF-8"));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      ObjectNode judged = (ObjectNode) mapper.readTree(line);
      JsonNode old = judged.get("old");
      if (old != null) {
        AvroSchema first = new AvroSchema(mapper.writeValueAsString(old));
        AvroSchema second = new AvroSchema(mapper.writeValueAsString(judged.get("new")));
        judged.put("confluent", says(second, first) + says(first, second));
      } else {
        try {
          Schema schema = new Schema.Parser().setValidateDefaults(true).parse(judged.get("schema").asText());
          judged.put("java", true);
          judged.put("form", SchemaNormalization.toParsingForm(schema));
          judged.put("fingerprint", String.format("%016x", SchemaNormalization.parsingFingerprint64(schema)));
        } catch (Exception error) {
          judged.put("java", false);
        }
      }
      System.out.println(mapper.writeValueAsString(judged));
    }
  }

  /** y or n; e where the checker throws. */
  private static String says(AvroSchema reader, AvroSchema writer) {
    try {
      return reader.isBackwardCompatible(writer).isEmpty() ? "y" : "n";
    } catch (RuntimeException error) {
      return "e";
    }
  }
}
