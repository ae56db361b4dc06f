using System.Globalization;

namespace FleetOps.ControllerRuntime.Events;

/// <summary>
/// Decides what becomes of each event: a new one, one more of a series, or nothing. Events that differ only in their message are combined
/// after ten within ten minutes, and each object may cause 25 at once and then one in five minutes, so that a flapping object
/// floods neither people nor etcd. Used by one task at a time.
/// </summary>
internal sealed class EventCorrelator(TimeProvider time, string component, string instance)
{
    private const int MaxSimilar = 10;
    private const int MaxKnown = 4096;
    private const double Burst = 25;
    private static readonly TimeSpan Refill = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan SimilarWindow = TimeSpan.FromMinutes(10);

    private readonly RecentlyUsed<SeriesKey, EventEntry> _series = new(MaxKnown);
    private readonly RecentlyUsed<SimilarKey, Similar> _similar = new(MaxKnown);
    private readonly RecentlyUsed<string, Bucket> _buckets = new(MaxKnown);
    private long _lastNumber;

    /// <summary>The event to write, new when its count is 1; null when there were too many.</summary>
    public EventEntry? Correlate(RecordedEvent recorded)
    {
        if (!TakeToken(recorded))
        {
            return null;
        }

        var note = CombinedNote(recorded);
        var key = KeyOf(recorded, note);
        if (_series.TryGet(key, out var entry))
        {
            entry.SeenAgain(recorded.At);
            return entry;
        }

        entry = new EventEntry(recorded, note, NewName(recorded), component, instance);
        _series.Set(key, entry);
        return entry;
    }

    /// <summary>The event could not be written: the next of its kind begins anew.</summary>
    public void Forget(EventEntry entry) => _series.Remove(KeyOf(entry.First, entry.Note));

    /// <summary>The series' event is gone from the server: go on with a new one.</summary>
    public void Restart(EventEntry entry) => entry.Restart(NewName(entry.First));

    private static SeriesKey KeyOf(RecordedEvent recorded, string note) =>
        new(ObjectOf(recorded), recorded.Type, recorded.Reason, recorded.Action, note);

    private static string ObjectOf(RecordedEvent recorded) =>
        $"{recorded.Regarding.Kind}/{recorded.Regarding.NamespaceProperty}/{recorded.Regarding.Name}/{recorded.Regarding.Uid}";

    private bool TakeToken(RecordedEvent recorded)
    {
        var source = ObjectOf(recorded);
        if (!_buckets.TryGet(source, out var bucket))
        {
            bucket = new Bucket { Tokens = Burst, At = time.GetTimestamp() };
            _buckets.Set(source, bucket);
        }

        bucket.Tokens = Math.Min(Burst, bucket.Tokens + (time.GetElapsedTime(bucket.At) / Refill));
        bucket.At = time.GetTimestamp();
        if (bucket.Tokens < 1)
        {
            return false;
        }

        bucket.Tokens--;
        return true;
    }

    private string CombinedNote(RecordedEvent recorded)
    {
        var key = new SimilarKey(ObjectOf(recorded), recorded.Type, recorded.Reason, recorded.Action);
        if (!_similar.TryGet(key, out var similar) || time.GetElapsedTime(similar.At) > SimilarWindow)
        {
            similar = new Similar();
            _similar.Set(key, similar);
        }

        similar.At = time.GetTimestamp();
        if (similar.Combined is not null)
        {
            return similar.Combined;
        }

        similar.Notes.Add(recorded.Note);
        if (similar.Notes.Count > MaxSimilar)
        {
            similar.Combined = EventText.Fit("(combined from similar events): " + recorded.Note);
            return similar.Combined;
        }

        return recorded.Note;
    }

    private string NewName(RecordedEvent recorded)
    {
        // Unique though many may be made within one tick of the clock.
        _lastNumber = Math.Max(_lastNumber + 1, time.GetUtcNow().Ticks);
        var suffix = _lastNumber.ToString("x", CultureInfo.InvariantCulture);
        var name = recorded.Regarding.Name ?? "";
        var room = 252 - suffix.Length;
        return $"{(name.Length > room ? name[..room].TrimEnd('.', '-') : name)}.{suffix}";
    }

    private readonly record struct SeriesKey(string Regarding, EventType Type, string Reason, string Action, string Note);

    private readonly record struct SimilarKey(string Regarding, EventType Type, string Reason, string Action);

    private sealed class Similar
    {
        public HashSet<string> Notes { get; } = new(StringComparer.Ordinal);

        public string? Combined { get; set; }

        public long At { get; set; }
    }

    private sealed class Bucket
    {
        public double Tokens { get; set; }

        public long At { get; set; }
    }
}
