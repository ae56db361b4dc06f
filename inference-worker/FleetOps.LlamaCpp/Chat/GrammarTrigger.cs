namespace FleetOps.LlamaCpp.Chat;

/// <summary>What wakes a lazy grammar up.</summary>
/// <param name="Kind">llama.cpp's <c>common_grammar_trigger_type</c>: 0 token, 1 word, 2 pattern, 3 pattern of the whole text.</param>
/// <param name="Value">The word or pattern.</param>
/// <param name="Token">The token, for kind 0.</param>
public sealed record GrammarTrigger(int Kind, string Value, int Token);
