using System.Text.Json;
using FleetOps.InferenceWorker.State;
using FsCheck;
using FsCheck.Xunit;

namespace FleetOps.InferenceWorker.Tests.State;

public sealed class TerminationLogTests
{
    [Property]
    public void Any_message_gives_valid_JSON_that_the_kubelet_does_not_cut(string message, PositiveInt repeat)
    {
        var text = string.Concat(Enumerable.Repeat(message ?? "", Math.Min(repeat.Get * 100, 5000)));
        var bytes = TerminationLog.Format(FailureReason.LoadFailed, text);
        Assert.True(bytes.Length <= TerminationLog.MaximumBytes);

        using var document = JsonDocument.Parse(bytes);
        Assert.Equal("LoadFailed", document.RootElement.GetProperty("reason").GetString());
        Assert.NotNull(document.RootElement.GetProperty("message").GetString());
    }

    [Fact]
    public void A_long_message_keeps_as_much_as_fits()
    {
        var bytes = TerminationLog.Format(FailureReason.EngineFailed, new string('x', 10_000));
        Assert.InRange(bytes.Length, TerminationLog.MaximumBytes - 8, TerminationLog.MaximumBytes);
    }

    [Fact]
    public void A_log_that_cannot_be_written_does_not_hide_the_failure() =>
        TerminationLog.TryWrite("/proc/nowhere/log", FailureReason.EngineFailed, "The engine failed.");
}
