using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace FleetOps.TestCluster;

/// <summary>One server program: its output goes to a file, and it ends with this object, or with the test process however that ends.</summary>
internal sealed class ServerProcess : IAsyncDisposable
{
    /// <summary>
    /// Holds the test process by its standard input: when that closes, the server is killed. The start time keeps a process that got the same
    /// number later from being killed instead.
    /// </summary>
    private const string EndsWithParent =
        """
        log=$1; shift
        started() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d ' ' -f 20; }
        since=$(started $$)
        exec 3<&0 </dev/null >"$log" 2>&1
        (cat <&3; [ "$(started $$)" = "$since" ] && kill -KILL $$) >/dev/null 2>&1 &
        exec "$@" 3<&-
        """;

    private static readonly ConcurrentDictionary<int, ValueTuple> HandedOut = new();

    private readonly Process _process;

    private ServerProcess(Process process, string name, string logPath)
    {
        _process = process;
        Name = name;
        LogPath = logPath;
    }

    public string Name { get; }

    public string LogPath { get; }

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    public static ServerProcess Start(string program, string logPath, IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo("/bin/sh") { UseShellExecute = false, RedirectStandardInput = true };
        foreach (var argument in new[] { "-c", EndsWithParent, "sh", logPath, program }.Concat(arguments))
        {
            start.ArgumentList.Add(argument);
        }

        var started = Process.Start(start) ?? throw new ToolUnavailableException($"{program} could not be started");
        return new ServerProcess(started, Path.GetFileName(program), logPath);
    }

    /// <summary>
    /// A loopback port that nobody listened on a moment ago. It lies below the range that outgoing connections take theirs from: otherwise a client that
    /// tries a stopped server again and again could take the server's port, or even connect to itself.
    /// </summary>
    public static int FreePort()
    {
        while (true)
        {
            var port = RandomNumberGenerator.GetInt32(18_000, 32_000);
            if (!HandedOut.TryAdd(port, default))
            {
                // Another server of this process may be about to listen on it.
                continue;
            }

            using var listener = new TcpListener(IPAddress.Loopback, port);
            try
            {
                listener.Start();
                return port;
            }
            catch (SocketException taken) when (taken.SocketErrorCode == SocketError.AddressAlreadyInUse)
            {
                // Try another one.
            }
        }
    }

    /// <summary>Waits until <paramref name="isReady"/> says so.</summary>
    /// <exception cref="InvalidOperationException">The server exited, or was not ready in time; the message ends with its log.</exception>
    public async Task WaitUntilAsync(Func<CancellationToken, Task<bool>> isReady, TimeSpan limit, CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        while (!HasExited && Stopwatch.GetElapsedTime(started) < limit)
        {
            try
            {
                if (await isReady(cancellationToken))
                {
                    return;
                }
            }
            catch (HttpRequestException)
            {
                // Not listening yet.
            }
            catch (TaskCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                // Accepted the connection and did not answer yet.
            }

            await Task.Delay(TimeSpan.FromMilliseconds(50), cancellationToken);
        }

        var state = HasExited
            ? string.Create(CultureInfo.InvariantCulture, $"exited with code {_process.ExitCode}")
            : string.Create(CultureInfo.InvariantCulture, $"was not ready within {limit.TotalSeconds:0} s");
        throw new InvalidOperationException($"{Name} {state}. The end of its log:{Environment.NewLine}{Tail()}");
    }

    /// <summary>Ends the server at once (SIGKILL) and waits until it is gone.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _process.Dispose();
    }

    private string Tail() => File.Exists(LogPath) ? string.Join(Environment.NewLine, File.ReadLines(LogPath).TakeLast(20)) : "(no log)";
}
