using FleetOps.InferenceWorker.State;
using FsCheck.Xunit;
using Microsoft.Extensions.Time.Testing;

namespace FleetOps.InferenceWorker.Tests.State;

public sealed class WorkerStateTests
{
    private readonly FakeTimeProvider _clock = new();
    private readonly WorkerState _state;

    public WorkerStateTests() => _state = new WorkerState(_clock, "1.2.3");

    [Fact]
    public void The_way_from_fetching_to_stopped_is_told_with_durations()
    {
        foreach (var (phase, seconds) in new[]
        {
            (WorkerPhase.Verifying, 4), (WorkerPhase.Loading, 1), (WorkerPhase.Warming, 2), (WorkerPhase.Serving, 0.5),
            (WorkerPhase.Draining, 60), (WorkerPhase.Stopped, 3),
        })
        {
            _clock.Advance(TimeSpan.FromSeconds(seconds));
            Assert.True(_state.Enter(phase));
        }

        Assert.Equal(
            [
                new PhaseDuration(WorkerPhase.Fetching, 4), new PhaseDuration(WorkerPhase.Verifying, 1), new PhaseDuration(WorkerPhase.Loading, 2),
                new PhaseDuration(WorkerPhase.Warming, 0.5), new PhaseDuration(WorkerPhase.Serving, 60), new PhaseDuration(WorkerPhase.Draining, 3),
                new PhaseDuration(WorkerPhase.Stopped, 0),
            ],
            _state.Durations());
    }

    [Property]
    public void Nothing_but_an_allowed_step_is_ever_taken(byte[] attempts)
    {
        var state = new WorkerState(_clock, "");
        foreach (var next in attempts.Select(attempt => (WorkerPhase)(attempt % 8)))
        {
            var before = state.Phase;
            if (WorkerState.Allows(before, next))
            {
                Assert.True(state.Enter(next));
                Assert.Equal(next, state.Phase);
                continue;
            }

            var ended = before is WorkerPhase.Stopped or WorkerPhase.Failed;
            if (before == next || ended)
            {
                Assert.Equal(before == next, state.Enter(next));
            }
            else
            {
                Assert.Throws<InvalidOperationException>(() => state.Enter(next));
            }

            Assert.Equal(before, state.Phase);
        }
    }

    [Fact]
    public void A_failure_keeps_its_reason_and_message()
    {
        _state.Enter(WorkerPhase.Failed, "DigestMismatch", "The file is another one.");
        var document = _state.Describe(running: 0, waiting: 0);
        Assert.Equal((WorkerPhase.Failed, "DigestMismatch", "The file is another one."), (document.Phase, document.Reason, document.Message));
        Assert.False(_state.Enter(WorkerPhase.Stopped));
    }

    [Fact]
    public void A_fault_that_is_tried_again_is_shown_and_forgotten_with_the_next_phase()
    {
        _state.Note("SourceUnreachable", "The source does not answer.");
        Assert.Equal("SourceUnreachable", _state.Describe(0, 0).Reason);
        _state.Enter(WorkerPhase.Verifying);
        Assert.Equal("", _state.Describe(0, 0).Reason);
    }

    [Fact]
    public async Task Who_waits_for_a_phase_hears_of_it()
    {
        var waiting = _state.WaitForAsync(phase => phase >= WorkerPhase.Loading, TestContext.Current.CancellationToken);
        _state.Enter(WorkerPhase.Verifying);
        Assert.False(waiting.IsCompleted);
        _state.Enter(WorkerPhase.Loading);
        Assert.Equal(WorkerPhase.Loading, await waiting);
    }

    [Theory]
    [InlineData(nameof(FailureReason.InvalidConfiguration), 64)]
    [InlineData(nameof(FailureReason.DigestMismatch), 65)]
    [InlineData(nameof(FailureReason.InvalidGguf), 65)]
    [InlineData(nameof(FailureReason.UnsupportedArchitecture), 65)]
    [InlineData(nameof(FailureReason.SourceNotFound), 66)]
    [InlineData(nameof(FailureReason.SourceUnreachable), 69)]
    [InlineData(nameof(FailureReason.CudaUnavailable), 69)]
    [InlineData(nameof(FailureReason.EngineFailed), 70)]
    [InlineData(nameof(FailureReason.OutOfMemory), 71)]
    [InlineData(nameof(FailureReason.OutOfGpuMemory), 71)]
    [InlineData(nameof(FailureReason.LoadFailed), 71)]
    [InlineData(nameof(FailureReason.DiskFull), 71)]
    [InlineData(nameof(FailureReason.SourceUnauthorized), 77)]
    [InlineData(nameof(FailureReason.CredentialsMissing), 77)]
    public void Each_reason_has_the_exit_code_that_the_operator_knows(string reason, int code) =>
        Assert.Equal(code, ExitCodes.Of(Enum.Parse<FailureReason>(reason)));
}
