using System.Text;
using FleetOps.Inference.V1;
using FleetOps.InferenceWorker.Engine.Requests;
using FleetOps.InferenceWorker.Engine.Text;
using FleetOps.LlamaCpp.Models;
using Google.Protobuf;

namespace FleetOps.InferenceWorker.Services;

/// <summary>
/// Reads a generation as pieces of text, on the thread of its handler: bytes become characters, stop strings are found.
/// A reader that is late gets everything that has piled up as one piece. Not safe for concurrent use.
/// </summary>
/// <param name="generation">What is read.</param>
/// <param name="vocabulary">The bytes of the tokens.</param>
/// <param name="options">Stop strings, and what is wanted besides the text.</param>
/// <param name="stopStrings">The stop strings of the request and of its template.</param>
/// <param name="spelledTokens">Control tokens whose spelling belongs to the text.</param>
internal sealed class TextPieceReader(
    Generation generation, LlamaVocabulary vocabulary, RequestOptions options, IReadOnlyList<string> stopStrings, IReadOnlySet<int> spelledTokens)
{
    private readonly Utf8Assembler _characters = new();
    private readonly StopStringScanner _stops = new(stopStrings);
    private readonly StringBuilder _text = new();
    private readonly List<int> _tokens = [];
    private readonly List<TokenLogprob> _logProbs = [];
    private bool _flushed;

    /// <summary>The text that has become sure since the piece before.</summary>
    public string Text { get; private set; } = "";

    /// <summary>The tokens that were read since the piece before, if they are wanted.</summary>
    public IReadOnlyList<int> Tokens { get; private set; } = [];

    /// <summary>How probable they were, if that is wanted.</summary>
    public IReadOnlyList<TokenLogprob> LogProbs { get; private set; } = [];

    /// <summary>The stop string that ended the text; null if none did.</summary>
    public string? MatchedStop => _stops.Matched;

    /// <summary>How many tokens were read.</summary>
    public int TokensRead { get; private set; }

    /// <summary>Waits for the next piece; false at the end. The end of the generation is known by then.</summary>
    public async ValueTask<bool> NextAsync()
    {
        while (MatchedStop is null && await generation.WaitToReadAsync().ConfigureAwait(false))
        {
            while (MatchedStop is null && generation.TryRead(out var token))
            {
                Take(token);
            }

            if (MatchedStop is not null)
            {
                await EndGenerationAsync().ConfigureAwait(false);
            }

            if (TakePiece(evenIfEmpty: false))
            {
                return true;
            }
        }

        if (_flushed)
        {
            return false;
        }

        _flushed = true;
        _text.Append(_stops.Push(_characters.Flush()));
        _text.Append(_stops.Flush());
        return TakePiece(evenIfEmpty: _tokens.Count > 0 || _logProbs.Count > 0);
    }

    private void Take(GeneratedToken token)
    {
        TokensRead++;
        if (options.TokenIds)
        {
            _tokens.Add(token.Id);
        }

        if (options.TopLogProbs is { } top && token.LogProbs is { } logProbs)
        {
            _logProbs.Add(Describe(token.Id, logProbs, top));
        }

        var text = _characters.Push(vocabulary.TokenToPiece(token.Id, special: spelledTokens.Contains(token.Id)));
        // A stop string counts once the answer may end.
        _text.Append(TokensRead <= options.MinTokens ? text : _stops.Push(text));
        if (MatchedStop is not null && options.IncludeStopString)
        {
            _text.Append(MatchedStop);
        }
    }

    private TokenLogprob Describe(int token, TokenLogProbs logProbs, int top)
    {
        var described = new TokenLogprob { TokenId = token, Logprob = logProbs.LogProb, Piece = Bytes(token) };
        foreach (var other in logProbs.Top.Take(top))
        {
            described.Top.Add(new TopLogprob { TokenId = other.Token, Logprob = other.LogProb, Piece = Bytes(other.Token) });
        }

        return described;
    }

    private ByteString Bytes(int token) => UnsafeByteOperations.UnsafeWrap(vocabulary.TokenToPiece(token, special: true));

    private async ValueTask EndGenerationAsync()
    {
        // The slot is free when the client hears of the end; what was sampled meanwhile is dropped.
        generation.Cancel();
        while (await generation.WaitToReadAsync().ConfigureAwait(false))
        {
            while (generation.TryRead(out _))
            {
            }
        }
    }

    private bool TakePiece(bool evenIfEmpty)
    {
        if (_text.Length == 0 && !evenIfEmpty)
        {
            return false;
        }

        Text = _text.ToString();
        _text.Clear();
        if (_tokens.Count > 0)
        {
            Tokens = [.. _tokens];
            _tokens.Clear();
        }
        else
        {
            Tokens = [];
        }

        LogProbs = _logProbs.Count > 0 ? [.. _logProbs] : [];
        _logProbs.Clear();
        return true;
    }
}
