using System.Diagnostics;
using System.Text;

namespace FleetOps.EndToEnd.Tests;

/// <summary>One run of a program: what it printed and how it ended.</summary>
internal sealed record Command(int ExitCode, string Output, string Error)
{
    /// <summary>Runs a program to its end.</summary>
    /// <param name="program">A path, or a name on PATH.</param>
    /// <param name="arguments">Passed as they are, without a shell.</param>
    /// <param name="input">Written to standard input, which is then closed.</param>
    /// <param name="limit">After it the program is killed and the run counts as failed; 60 s unless given.</param>
    /// <param name="logFile">A file to which each line is added as it is printed.</param>
    /// <exception cref="TimeoutException">The program did not end within <paramref name="limit"/>.</exception>
    public static async Task<Command> RunAsync(string program, IEnumerable<string> arguments, string? input = null, TimeSpan? limit = null, string? logFile = null)
    {
        var start = new ProcessStartInfo(program)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
            WorkingDirectory = Repository.Root,
        };
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        using var process = Process.Start(start) ?? throw new InvalidOperationException($"{program} could not be started.");
        var output = new StringBuilder();
        var error = new StringBuilder();
        var writing = new Lock();
        using var log = logFile is null ? null : new StreamWriter(logFile, append: true) { AutoFlush = true };
        void Keep(StringBuilder target, string? line)
        {
            if (line is null)
            {
                return;
            }

            lock (writing)
            {
                target.AppendLine(line);
                log?.WriteLine(line);
            }
        }

        process.OutputDataReceived += (_, e) => Keep(output, e.Data);
        process.ErrorDataReceived += (_, e) => Keep(error, e.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();

        using var cancellation = new CancellationTokenSource(limit ?? TimeSpan.FromSeconds(60));
        try
        {
            await process.WaitForExitAsync(cancellation.Token);
        }
        catch (OperationCanceledException cause)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{program} {string.Join(' ', start.ArgumentList)} did not end in time. It had printed:\n{output}{error}", cause);
        }

        return new(process.ExitCode, output.ToString(), error.ToString());
    }

    /// <summary>The output of a run that must have ended with status 0.</summary>
    /// <exception cref="CommandFailedException">It ended with another one.</exception>
    public string Succeeded() => ExitCode == 0 ? Output : throw new CommandFailedException($"Exit status {ExitCode}.\n{Output}{Error}");
}
