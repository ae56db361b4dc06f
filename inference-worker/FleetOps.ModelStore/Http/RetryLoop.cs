using FleetOps.ModelStore.Downloads;

namespace FleetOps.ModelStore.Http;

/// <summary>Repeats a step while its faults are of the kind that passes.</summary>
internal sealed class RetryLoop(ModelFetcherOptions options, FetchReporter reporter, int? maxAttempts = null)
{
    // A source that gives this much between two faults is slow, not broken: the count of attempts starts anew.
    private const long ProgressThatCounts = 1 << 20;

    /// <summary>Runs a step until it succeeds, fails for good, or has failed too often in a row.</summary>
    /// <param name="attempt">The step.</param>
    /// <param name="mark">How far the step has got, in bytes; going back and forth over the same bytes is no progress.</param>
    /// <param name="cancellationToken">Ends attempts and pauses.</param>
    public async Task<T> RunAsync<T>(Func<CancellationToken, Task<T>> attempt, Func<long> mark, CancellationToken cancellationToken)
    {
        int failures = 0;
        long best = mark();
        while (true)
        {
            try
            {
                return await attempt(cancellationToken).ConfigureAwait(false);
            }
            catch (TransientSourceException fault)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (mark() - best >= ProgressThatCounts)
                {
                    best = mark();
                    failures = 0;
                }

                failures++;
                await PauseAsync(fault, failures, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private Task PauseAsync(TransientSourceException fault, int failures, CancellationToken cancellationToken)
    {
        if (failures >= (maxAttempts ?? options.MaxAttempts))
        {
            throw new ModelSourceException(fault.Reason, $"{fault.Message} Gave up after {failures} attempts in a row.", fault);
        }

        if (fault.RetryAfter > options.MaxRetryAfter)
        {
            throw new ModelSourceException(
                fault.Reason,
                $"{fault.Message} It asks to come back in {fault.RetryAfter}, longer than the {options.MaxRetryAfter} that are waited for.",
                fault);
        }

        // Jitter is no secret.
#pragma warning disable CA5394
        TimeSpan delay = BackOff.Delay(failures, options.RetryDelay, options.MaxRetryDelay, Random.Shared.NextDouble());
#pragma warning restore CA5394
        if (fault.RetryAfter > delay)
        {
            delay = fault.RetryAfter.Value;
        }

        // The timer runs before the fault is told, so that whoever hears of it may move the clock.
        Task pause = Task.Delay(delay, options.TimeProvider, cancellationToken);
        reporter.Fault(new FetchFault(fault.Reason, fault.Message, failures, delay));
        return pause;
    }
}
