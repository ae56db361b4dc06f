using FleetOps.ModelStore.Http;

namespace FleetOps.ModelStore.Downloads;

/// <summary>
/// Reads a large file by several requests at once. The ranges are small and lie side by side, so that they are hashed and stored in the order of the file:
/// nothing is read from the disk again, what is on the disk is always the file's beginning, and the memory is that of the ranges on their way.
/// </summary>
internal sealed class ParallelDownload(HttpExchange exchange, ModelFetcherOptions options, FetchReporter reporter)
{
    // From how many ranges on it is worth it.
    private const long LeastRanges = 8;

    private static readonly TimeSpan LeastPause = TimeSpan.FromMilliseconds(50);

    /// <summary>Whether what is missing of a file is read in parts.</summary>
    /// <param name="answer">The answer to the request for the whole of it.</param>
    /// <param name="sha256">The digest it has to have; null when nobody names one.</param>
    /// <param name="missing">Bytes that are missing.</param>
    /// <param name="record">What the file is.</param>
    public bool Suits(HttpAnswer answer, string? sha256, long missing, PartRecord record) =>
        missing >= LeastRanges * options.RangeBytes
        && (answer.Status == 206 || answer.Response.Headers.AcceptRanges.Contains("bytes"))
        && (sha256 is not null || record.HasValidator);

    /// <summary>Reads what is missing. What arrived before a fault is stored when it is thrown.</summary>
    /// <param name="whole">The answer that told what the file is; it is not read.</param>
    /// <param name="remote">The file.</param>
    /// <param name="ask">Makes a request without its range, to where the file is.</param>
    /// <param name="connections">How many requests at once; at least 2.</param>
    /// <param name="part">Where the bytes go; its record is filled.</param>
    /// <param name="check">Refuses the first bytes of the file.</param>
    /// <param name="stored">Told after each range that is stored.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    public async Task RunAsync(
        HttpAnswer whole,
        RemoteFile remote,
        Func<CancellationToken, ValueTask<HttpQuestion>> ask,
        int connections,
        PartialFile part,
        Action<ReadOnlyMemory<byte>> check,
        Action stored,
        CancellationToken cancellationToken)
    {
        PartRecord record = part.Record!;
        long total = record.TotalBytes!.Value;
        long next = part.Length;
        part.Joined = true;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var running = new Queue<RangeRead>();
        var free = new Stack<byte[]>();
        byte[]? storing = null;
        try
        {
            while (part.Length < total)
            {
                while (running.Count < connections && next < total)
                {
                    int length = (int)Math.Min(options.RangeBytes, total - next);
                    byte[] buffer = free.TryPop(out byte[]? used) ? used : GC.AllocateUninitializedArray<byte>(options.RangeBytes);
                    var range = new RangeRead(buffer, next, length);
                    range.Start(exchange, whole, remote, ask, record, options, stop.Token);
                    running.Enqueue(range);
                    next += length;
                }

                RangeRead head = running.Peek();
                await ReportUntilAsync(head.Completion, part, running).ConfigureAwait(false);
                if (part.Length == 0)
                {
                    check(head.Buffer.AsMemory(0, head.Filled));
                }

                // The part stores this range while the next ones arrive; the range before it is stored by then.
                await part.StoreAsync(head.Buffer, head.Filled).ConfigureAwait(false);
                running.Dequeue();
                if (storing is not null)
                {
                    free.Push(storing);
                }

                storing = head.Buffer;
                reporter.Advance(part.Length);
                stored();
                await head.Completion.ConfigureAwait(false);
            }
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);
            foreach (RangeRead range in running)
            {
                await range.Completion.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    // The reporter belongs to one thread, so the ranges are looked at from here.
    private async Task ReportUntilAsync(Task head, PartialFile part, Queue<RangeRead> running)
    {
        TimeSpan pause = options.ProgressInterval > LeastPause ? options.ProgressInterval : LeastPause;
        while (!head.IsCompleted)
        {
            using var woken = new CancellationTokenSource();
            await Task.WhenAny(head, Task.Delay(pause, options.TimeProvider, woken.Token)).ConfigureAwait(false);
            await woken.CancelAsync().ConfigureAwait(false);
            if (!head.IsCompleted)
            {
                reporter.Advance(part.Length + running.Sum(range => (long)range.Filled));
            }
        }
    }
}
