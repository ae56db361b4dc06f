using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using FleetOps.InferenceWorker.State;
using FleetOps.InferenceWorker.Telemetry;

namespace FleetOps.InferenceWorker.Security;

/// <summary>
/// A value read from mounted files, and read again when they change. Kubernetes renews them by swapping a link in the path, which
/// file times and watches of the files themselves miss, so the content is compared, once a second at most and only while somebody
/// asks. New files that cannot be used leave the value as it was. Thread-safe.
/// </summary>
internal sealed partial class MountedFiles<T>
    where T : class
{
    private const int MaxFileBytes = 1024 * 1024;
    private const int Attempts = 3;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly string _subject;
    private readonly string[] _files;
    private readonly Reader _read;
    private readonly ServerMetrics _metrics;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly Lock _refresh = new();
    private volatile T _value;
    private byte[] _digest = [];
    private string? _fault;
    private long _checkedAt;

    /// <summary>Reads the files for the first time.</summary>
    /// <param name="subject">What they hold, for logs and metrics.</param>
    /// <param name="files">Their paths; they are read together, as of one moment.</param>
    /// <param name="read">Makes the value of their contents.</param>
    /// <param name="metrics">Counts what became of changes.</param>
    /// <param name="clock">Tells when to look again.</param>
    /// <param name="logger">Told of each change.</param>
    /// <exception cref="WorkerFailedException">They cannot be used.</exception>
    public MountedFiles(string subject, IEnumerable<string> files, Reader read, ServerMetrics metrics, TimeProvider clock, ILogger logger)
    {
        _subject = subject;
        _files = [.. files];
        _read = read;
        _metrics = metrics;
        _clock = clock;
        _logger = logger;
        Refresh();
        _checkedAt = clock.GetTimestamp();
        metrics.ObserveFiles(subject);
    }

    /// <summary>Makes a value of the contents of the files, in their order.</summary>
    /// <exception cref="WorkerFailedException">They cannot be used; the message names the file and the cure.</exception>
    public delegate T Reader(IReadOnlyList<byte[]> contents);

    /// <summary>The value of the newest files that could be used.</summary>
    public T Current
    {
        get
        {
            var checkedAt = Volatile.Read(ref _checkedAt);
            if (_clock.GetElapsedTime(checkedAt) >= Interval
                && Interlocked.CompareExchange(ref _checkedAt, _clock.GetTimestamp(), checkedAt) == checkedAt)
            {
                RefreshOrKeep();
            }

            return _value;
        }
    }

    [MemberNotNull(nameof(_value))]
    private bool Refresh()
    {
        var (contents, digest) = ReadTogether();
        // A file that came back as it was is no change, also after a fault.
        if (_value is not null && digest.AsSpan().SequenceEqual(_digest))
        {
            _fault = null;
            return false;
        }

        _value = _read(contents);
        _digest = digest;
        _fault = null;
        return true;
    }

    private void RefreshOrKeep()
    {
        lock (_refresh)
        {
            try
            {
                if (Refresh())
                {
                    _metrics.FilesChanged(_subject, taken: true);
                    LogTaken(_logger, _subject, string.Join(", ", _files));
                }
            }
            catch (WorkerFailedException fault)
            {
                // It is tried again every second, but told once.
                if (fault.Message != _fault)
                {
                    _fault = fault.Message;
                    _metrics.FilesChanged(_subject, taken: false);
                    LogKept(_logger, _subject, fault.Message);
                }
            }
        }
    }

    /// <summary>Reads until two readings agree: a swap between two files would pair an old one with a new one.</summary>
    private (IReadOnlyList<byte[]> Contents, byte[] Digest) ReadTogether()
    {
        var previous = Array.Empty<byte>();
        for (var attempt = 0; ; attempt++)
        {
            var contents = _files.Select(ReadFile).ToArray();
            var digest = SHA256.HashData(contents.SelectMany(SHA256.HashData).ToArray());
            if (attempt == Attempts || digest.AsSpan().SequenceEqual(previous))
            {
                return (contents, digest);
            }

            previous = digest;
        }
    }

    private byte[] ReadFile(string path)
    {
        try
        {
            using var file = File.OpenRead(path);
            if (file.Length > MaxFileBytes)
            {
                throw new WorkerFailedException(
                    FailureReason.InvalidConfiguration, $"{path} ({_subject}) has {file.Length} bytes; at most {MaxFileBytes} are read. Mount the right file.");
            }

            var content = new byte[file.Length];
            file.ReadExactly(content);
            return content;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new WorkerFailedException(
                FailureReason.InvalidConfiguration, $"{path} ({_subject}) cannot be read: {exception.Message} Mount it where this program may read it.", exception);
        }
    }

    [LoggerMessage(1401, LogLevel.Information, "The {Subject} was renewed from {Files}")]
    private static partial void LogTaken(ILogger logger, string subject, string files);

    [LoggerMessage(1402, LogLevel.Error, "The {Subject} stays as it was, because the new one cannot be used: {Fault}")]
    private static partial void LogKept(ILogger logger, string subject, string fault);
}
