using System.Text;
using System.Text.Json;

namespace FleetOps.InferenceWorker.State;

/// <summary>Leaves the reason of a failure where the kubelet picks it up.</summary>
internal static class TerminationLog
{
    /// <summary>The kubelet cuts off what is longer, which would leave broken JSON.</summary>
    public const int MaximumBytes = 4096;

    /// <summary>
    /// Writes the reason and as much of the message as fits. A log that cannot be written must not hide the failure it
    /// tells about, so I/O faults are swallowed.
    /// </summary>
    public static void TryWrite(string? path, FailureReason reason, string message) => TryWrite(path, Format(reason, message));

    /// <summary>Writes what a fetch found. Faults are swallowed: the file is there all the same.</summary>
    public static void TryWrite(string? path, FetchedModel model)
    {
        const int longest = 128;
        // A file may say anything of its licence, and what does not fit would be cut off by the kubelet.
        var bounded = model.License.Length <= longest ? model : model with { License = "" };
        TryWrite(path, JsonSerializer.SerializeToUtf8Bytes(new FetchedMessage(bounded), StateJson.Readable.FetchedMessage));
    }

    /// <summary>Writes what a removal came to. Faults are swallowed.</summary>
    public static void TryWrite(string? path, RemovedModel model) =>
        TryWrite(path, JsonSerializer.SerializeToUtf8Bytes(new RemovedMessage(model), StateJson.Readable.RemovedMessage));

    private static void TryWrite(string? path, byte[] content)
    {
        if (string.IsNullOrEmpty(path))
        {
            return;
        }

        try
        {
            File.WriteAllBytes(path, content);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine($"The termination log {path} cannot be written: {exception.Message}");
        }
    }

    /// <summary>What stands before and after the cause of a crash, for who can write no more than that.</summary>
    public static (string Before, string After) Frame(FailureReason reason, string introduction)
    {
        const string Cause = "CAUSE";
        var text = Encoding.UTF8.GetString(Format(reason, introduction + Cause));
        var at = text.LastIndexOf(Cause, StringComparison.Ordinal);
        return (text[..at], text[(at + Cause.Length)..]);
    }

    internal static byte[] Format(FailureReason reason, string message)
    {
        while (true)
        {
            var bytes = JsonSerializer.SerializeToUtf8Bytes(new TerminationMessage(reason.ToString(), message), StateJson.Readable.TerminationMessage);
            if (bytes.Length <= MaximumBytes)
            {
                return bytes;
            }

            // Escapes make the encoded length hard to foresee; each round takes away at least what is too much.
            var surplus = bytes.Length - MaximumBytes;
            var keep = Math.Max(0, message.Length - Math.Max(1, (surplus / 6) + 1));
            if (keep > 0 && char.IsHighSurrogate(message[keep - 1]))
            {
                keep--;
            }

            message = message[..keep];
        }
    }
}
