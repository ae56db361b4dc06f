using FleetOps.LlamaCpp.Models;

namespace FleetOps.InferenceWorker.Engine.Embedding;

/// <summary>Puts a query and a document together as a reranker wants them, the way of llama.cpp's own server.</summary>
internal sealed class RerankPrompt
{
    private readonly LlamaModel _model;
    private readonly string _query;
    private readonly int[] _queryTokens;

    /// <summary>Begins prompts for one query.</summary>
    /// <param name="model">The reranker.</param>
    /// <param name="query">What the documents are ranked by; the spelling of a control token in it is text.</param>
    /// <exception cref="FleetOps.LlamaCpp.LlamaException">The query cannot be tokenized.</exception>
    public RerankPrompt(LlamaModel model, string query)
    {
        _model = model;
        _query = query;
        _queryTokens = model.RerankTemplateSource is null ? model.Vocabulary.Tokenize(query, addSpecial: false, parseSpecial: false) : [];
    }

    /// <summary>The tokens of the query together with one document.</summary>
    /// <exception cref="FleetOps.LlamaCpp.LlamaException">The document cannot be tokenized.</exception>
    public int[] With(string document)
    {
        var vocabulary = _model.Vocabulary;
        if (_model.RerankTemplateSource is { } template)
        {
            return FromTemplate(template, document);
        }

        var end = vocabulary.EndOfSequence ?? vocabulary.Separator;
        var tokens = new List<int>();
        Append(tokens, vocabulary.AddsBeginOfSequence, vocabulary.BeginOfSequence);
        tokens.AddRange(_queryTokens);
        Append(tokens, vocabulary.AddsEndOfSequence, end);
        Append(tokens, vocabulary.AddsSeparator, vocabulary.Separator);
        tokens.AddRange(vocabulary.Tokenize(document, addSpecial: false, parseSpecial: false));
        Append(tokens, vocabulary.AddsEndOfSequence, end);
        return [.. tokens];
    }

    private static void Append(List<int> tokens, bool wanted, int? token)
    {
        if (wanted && token is { } present)
        {
            tokens.Add(present);
        }
    }

    // The template's own control tokens count; what query and document spell is text, or a document could end its prompt.
    private int[] FromTemplate(string template, string document)
    {
        const string Query = "{query}", Document = "{document}";
        var tokens = new List<int>();
        for (var rest = template; rest.Length > 0;)
        {
            var query = rest.IndexOf(Query, StringComparison.Ordinal);
            var text = rest.IndexOf(Document, StringComparison.Ordinal);
            var next = (query, text) switch
            {
                (-1, -1) => rest.Length,
                (-1, _) => text,
                (_, -1) => query,
                _ => Math.Min(query, text),
            };
            tokens.AddRange(_model.Vocabulary.Tokenize(rest[..next], addSpecial: false, parseSpecial: true));
            if (next == rest.Length)
            {
                break;
            }

            tokens.AddRange(_model.Vocabulary.Tokenize(next == query ? _query : document, addSpecial: false, parseSpecial: false));
            rest = rest[(next + (next == query ? Query : Document).Length)..];
        }

        return [.. tokens];
    }
}
