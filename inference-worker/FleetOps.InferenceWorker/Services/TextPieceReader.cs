using System.Text;
using FleetOps.InferenceWorker.Engine.Requests;
using FleetOps.InferenceWorker.Engine.Text;
using FleetOps.LlamaCpp.Models;

namespace FleetOps.InferenceWorker.Services;

/// <summary>
/// Reads a generation as pieces of text, on the thread of its handler: bytes become characters, stop strings are found.
/// A reader that is late gets everything that has piled up as one piece. Not safe for concurrent use.
/// </summary>
internal sealed class TextPieceReader(Generation generation, LlamaVocabulary vocabulary, IReadOnlyList<string> stopStrings)
{
    private readonly Utf8Assembler _characters = new();
    private readonly StopStringScanner _stops = new(stopStrings);
    private readonly StringBuilder _text = new();
    private readonly List<int> _tokens = [];
    private bool _flushed;

    /// <summary>The text that has become sure since the piece before.</summary>
    public string Text { get; private set; } = "";

    /// <summary>The tokens that were read since the piece before.</summary>
    public IReadOnlyList<int> Tokens { get; private set; } = [];

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
                Take(token.Id);
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
        return TakePiece(evenIfEmpty: _tokens.Count > 0);
    }

    private void Take(int token)
    {
        TokensRead++;
        _tokens.Add(token);
        _text.Append(_stops.Push(_characters.Push(vocabulary.TokenToPiece(token))));
    }

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
        Tokens = [.. _tokens];
        _text.Clear();
        _tokens.Clear();
        return true;
    }
}
