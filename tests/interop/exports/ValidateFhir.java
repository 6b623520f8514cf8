import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.context.support.DefaultProfileValidationSupport;
import ca.uhn.fhir.validation.FhirValidator;
import ca.uhn.fhir.validation.SingleValidationMessage;
import java.nio.file.Files;
import java.nio.file.Path;
import org.hl7.fhir.common.hapi.validation.support.CachingValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.CommonCodeSystemsTerminologyService;
import org.hl7.fhir.common.hapi.validation.support.InMemoryTerminologyServerValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.ValidationSupportChain;
import org.hl7.fhir.common.hapi.validation.validator.FhirInstanceValidator;

/**
 * Validates files against the definitions of a FHIR release: ValidateFhir {R4|R5} FILE...
 * Prints one line for each message: file, severity, place, text, separated by tabs; at the end
 * "N files". Always exits 0: what a message means is for the caller to say.
 */
public class ValidateFhir {
  public static void main(String[] arguments) throws Exception {
    FhirContext context = arguments[0].equals("R5") ? FhirContext.forR5() : FhirContext.forR4();
    FhirInstanceValidator definitions = new FhirInstanceValidator(
        new CachingValidationSupport(new ValidationSupportChain(
            new DefaultProfileValidationSupport(context),
            new CommonCodeSystemsTerminologyService(context),
            new InMemoryTerminologyServerValidationSupport(context))));
    definitions.setErrorForUnknownProfiles(false);
    FhirValidator validator = context.newValidator();
    validator.registerValidatorModule(definitions);
    for (int i = 1; i < arguments.length; i++) {
      String json = Files.readString(Path.of(arguments[i]));
      for (SingleValidationMessage message : validator.validateWithResult(json).getMessages()) {
        String text = message.getMessage() == null ? "" : message.getMessage().replaceAll("\\s+", " ");
        System.out.println(String.join("\t", arguments[i], message.getSeverity().name(),
            String.valueOf(message.getLocationString()), text));
      }
    }
    System.out.println((arguments.length - 1) + " files");
  }
}
