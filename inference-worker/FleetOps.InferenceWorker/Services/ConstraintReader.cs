using FleetOps.Inference.V1;
using FleetOps.LlamaCpp;
using FleetOps.LlamaCpp.Models;
using FleetOps.LlamaCpp.Sampling;

namespace FleetOps.InferenceWorker.Services;

/// <summary>Compiles what an answer must look like, on the thread of the call, so that nothing of it can fail in the engine.</summary>
internal static class ConstraintReader
{
    private const int MaxChoices = 1024;
    private const int MaxChoiceBytes = 4096;

    /// <summary>Compiles a constraint; null if there is none, or if it is wrong.</summary>
    public static LlamaGrammar? Read(Constraint? constraint, LlamaModel model, FieldViolations violations)
    {
        switch (constraint?.KindCase)
        {
            case Constraint.KindOneofCase.JsonSchema:
                return Compile("constraint.json_schema", () => JsonSchemaGrammar.FromSchema(constraint.JsonSchema), model, violations);
            case Constraint.KindOneofCase.Grammar:
                return Compile("constraint.grammar", () => constraint.Grammar, model, violations);
            case Constraint.KindOneofCase.Regex:
                return Compile("constraint.regex", () => RegexGrammar.FromPattern(constraint.Regex), model, violations);
            case Constraint.KindOneofCase.Choice:
                return ReadChoice(constraint.Choice, model, violations);
            case Constraint.KindOneofCase.None:
                violations.Add("constraint", "is empty; set json_schema, grammar, regex or choice, or leave it out.");
                return null;
            default:
                return null;
        }
    }

    private static LlamaGrammar? ReadChoice(ChoiceList choice, LlamaModel model, FieldViolations violations)
    {
        if (choice.Texts.Count is 0 or > MaxChoices)
        {
            violations.Add("constraint.choice.texts", $"has {choice.Texts.Count} entries; it must have 1 to {MaxChoices}.");
            return null;
        }

        for (var i = 0; i < choice.Texts.Count; i++)
        {
            violations.RequireBytes($"constraint.choice.texts[{i}]", choice.Texts[i], 1, MaxChoiceBytes);
        }

        return violations.Any ? null : Compile("constraint.choice", () => ChoiceGrammar.FromTexts(choice.Texts), model, violations);
    }

    private static LlamaGrammar? Compile(string field, Func<string> grammar, LlamaModel model, FieldViolations violations)
    {
        try
        {
            return new LlamaGrammar(model, grammar());
        }
        catch (LlamaException exception) when (exception.Fault == LlamaFault.InvalidGrammar)
        {
            violations.Add(field, exception.Message);
            return null;
        }
    }
}
