using FleetOps.InferenceWorker.State;

namespace FleetOps.InferenceWorker.Serving;

/// <summary>Times the steps of a start that follow one another. For one thread at a time.</summary>
internal sealed class StartupTimer(WorkerState state, TimeProvider clock)
{
    private long _since = clock.GetTimestamp();

    /// <summary>A listener for a load of the weights, whose first report ends <see cref="StartupStep.Open"/>.</summary>
    public IProgress<float> Opened() => new FirstReport(() => Ended(StartupStep.Open));

    /// <summary>Begins the next step now; what was since the last is in none.</summary>
    public void Restart() => _since = clock.GetTimestamp();

    /// <summary>Ends a step, and begins the next.</summary>
    public void Ended(StartupStep step)
    {
        state.StepTook(step, clock.GetElapsedTime(_since));
        Restart();
    }

    private sealed class FirstReport(Action reported) : IProgress<float>
    {
        private bool _done;

        public void Report(float value)
        {
            if (!_done)
            {
                _done = true;
                reported();
            }
        }
    }
}
