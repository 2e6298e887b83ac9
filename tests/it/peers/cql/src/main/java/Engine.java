import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.cqframework.cql.cql2elm.CqlTranslator;
import org.cqframework.cql.cql2elm.LibraryManager;
import org.cqframework.cql.cql2elm.ModelManager;
import org.cqframework.cql.cql2elm.StringLibrarySourceProvider;
import org.hl7.elm.r1.VersionedIdentifier;
import org.opencds.cqf.cql.engine.execution.CqlEngine;
import org.opencds.cqf.cql.engine.execution.Environment;
import org.opencds.cqf.cql.engine.execution.EvaluationExpressionRef;
import org.opencds.cqf.cql.engine.execution.EvaluationParams;
import org.opencds.cqf.cql.engine.runtime.Date;
import org.opencds.cqf.cql.engine.runtime.DateTime;
import org.opencds.cqf.cql.engine.runtime.Tuple;

/**
 * Engine LIBRARY.cql ELM.json PEOPLE.tsv: translates the library, writes its ELM, and prints for each person and each
 * define that is asked for whether it is true, false or null. The lines of PEOPLE.tsv are told in tests/it/peers/cql.rs.
 */
public class Engine {
  public static void main(String[] arguments) throws Exception {
    String cql = Files.readString(Path.of(arguments[0]));
    LibraryManager manager = new LibraryManager(new ModelManager());
    CqlTranslator translator = CqlTranslator.fromText(cql, manager);
    translator.getErrors().forEach(e -> System.err.println("error: " + e.getLocator().toLocator() + " " + e.getMessage()));
    if (!translator.getErrors().isEmpty()) System.exit(1);
    Files.writeString(Path.of(arguments[1]), translator.toJson());
    VersionedIdentifier identifier = translator.toELM().getIdentifier();
    LibraryManager own = new LibraryManager(new ModelManager());
    own.getLibrarySourceLoader().registerProvider(new StringLibrarySourceProvider(List.of(cql)));
    Environment environment = new Environment(own);
    Engine asked = new Engine();
    StringBuilder said = new StringBuilder();
    for (String line : Files.readAllLines(Path.of(arguments[2]))) {
      String[] cells = line.split("\t", -1);
      if (cells[0].equals("E")) asked.answer(environment, identifier, said);
      else asked.take(cells);
    }
    System.out.print(said);
  }

  private final List<EvaluationExpressionRef> defines = new ArrayList<>();
  private String person;
  private OffsetDateTime now;
  private Map<String, Object> parameters;
  private Map<String, Object> fields;

  private void take(String[] cells) {
    switch (cells[0]) {
      case "D" -> defines.add(new EvaluationExpressionRef(cells[1]));
      case "P" -> {
        person = cells[1];
        now = OffsetDateTime.parse(cells[2]);
        parameters = new HashMap<>();
      }
      case "L" -> parameters.put(cells[1], new ArrayList<>());
      case "F" -> {
        @SuppressWarnings("unchecked")
        List<Object> facts = (List<Object>) parameters.get(cells[1]);
        facts.add(tuple());
      }
      case "T" -> parameters.put(cells[1], tuple());
      case "V" -> fields.put(cells[1], value(cells[2], cells[3]));
      case "S" -> parameters.put(cells[1], value(cells[2], cells[3]));
      default -> throw new IllegalArgumentException(cells[0]);
    }
  }

  private Tuple tuple() {
    Tuple tuple = new Tuple();
    fields = tuple.getElements();
    return tuple;
  }

  private static Object value(String type, String text) {
    return switch (type) {
      case "Null" -> null;
      case "Decimal" -> new BigDecimal(text);
      case "Boolean" -> Boolean.valueOf(text);
      case "DateTime" -> new DateTime(OffsetDateTime.parse(text));
      case "Date" -> new Date(LocalDate.parse(text));
      default -> text;
    };
  }

  private void answer(Environment environment, VersionedIdentifier library, StringBuilder said) {
    // What an engine has worked out once it keeps, whoever is asked about next.
    CqlEngine engine = new CqlEngine(environment, Set.of(CqlEngine.Options.EnableExpressionCaching));
    var asked = new EvaluationParams(Map.of(library, defines), null, parameters, null, now.toZonedDateTime());
    var results = engine.evaluate(asked).getOnlyResultOrThrow();
    for (EvaluationExpressionRef define : defines) {
      var result = results.get(define.getName());
      Object value = result == null ? null : result.getValue();
      said.append(person).append('\t').append(define.getName()).append('\t').append(value).append('\n');
    }
  }
}
