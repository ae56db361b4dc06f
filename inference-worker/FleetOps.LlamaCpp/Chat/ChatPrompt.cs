namespace FleetOps.LlamaCpp.Chat;

/// <summary>Messages, rendered for the model.</summary>
/// <param name="Text">The prompt. It is tokenized with control tokens parsed and with the special tokens that the model wants.</param>
/// <param name="AdditionalStops">Texts that end the answer, besides the model's own tokens.</param>
/// <param name="PreservedTokens">Control tokens whose spelling must stay in the answer, so that <see cref="ChatParser"/> sees them.</param>
/// <param name="Grammar">A grammar for the answer, from tools or a schema; empty for none.</param>
/// <param name="GrammarIsLazy">The grammar applies only once a trigger was seen.</param>
/// <param name="GrammarTriggers">The triggers of a lazy grammar.</param>
/// <param name="SupportsThinking">The template knows reasoning.</param>
/// <param name="IsPlain">An answer is text and nothing else, so that it needs no <see cref="ChatParser"/>.</param>
/// <param name="PlainTextExtends">Letters, digits, spaces and the marks <c>,.;?!'</c> only go on with the part of the answer that was there before, so that text of these alone needs not be parsed.</param>
/// <param name="ParserJson">What <see cref="ChatParser"/> needs to know of this prompt; opaque.</param>
/// <param name="GrammarOptionsJson">What <see cref="Sampling.LlamaGrammar"/> needs to know of this prompt; opaque.</param>
public sealed record ChatPrompt(
    string Text,
    IReadOnlyList<string> AdditionalStops,
    IReadOnlyList<string> PreservedTokens,
    string Grammar,
    bool GrammarIsLazy,
    IReadOnlyList<GrammarTrigger> GrammarTriggers,
    bool SupportsThinking,
    bool IsPlain,
    bool PlainTextExtends,
    string ParserJson,
    string GrammarOptionsJson);
