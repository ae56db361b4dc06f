using System.Globalization;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;
using Status = Google.Rpc.Status;

namespace FleetOps.InferenceWorker.Services;

/// <summary>The errors of the contract: gRPC statuses with google.rpc details.</summary>
internal static class RpcErrors
{
    private const string Domain = "fleetops.dev";
    private const int MostViolations = 10;
    private const int MostFieldLength = 100;
    private const int MostDescriptionLength = 400;
    private const int MostMessageLength = 1500;

    /// <summary>Fields are wrong; each is named.</summary>
    public static RpcException InvalidArgument(IReadOnlyCollection<BadRequest.Types.FieldViolation> violations)
    {
        // Statuses travel as headers, and clients close connections over headers that are too long.
        var details = new BadRequest();
        details.FieldViolations.AddRange(violations.Take(MostViolations).Select(violation => new BadRequest.Types.FieldViolation
        {
            Field = Shortened(violation.Field, MostFieldLength),
            Description = Shortened(violation.Description, MostDescriptionLength),
        }));
        var message = string.Join(' ', details.FieldViolations.Select(violation => $"{violation.Field}: {violation.Description}"));
        var more = violations.Count - MostViolations;
        return Make(Code.InvalidArgument, more > 0 ? $"{message} And {more} fields more." : message, Any.Pack(details));
    }

    /// <summary>One field is wrong.</summary>
    public static RpcException InvalidArgument(string field, string description) =>
        InvalidArgument([new BadRequest.Types.FieldViolation { Field = field, Description = description }]);

    /// <summary>The prompt does not fit into the context; both numbers are told.</summary>
    public static RpcException PromptTooLong(int promptTokens, int contextLength) => TooLong(
        "PROMPT_TOO_LONG",
        $"The prompt has {promptTokens} tokens; the context holds {contextLength} for prompt and answer together. Shorten the prompt or serve the model with a longer context.",
        promptTokens,
        contextLength);

    /// <summary>One of several inputs does not fit into the context; both numbers are told.</summary>
    public static RpcException InputTooLong(string kind, int index, int tokens, int contextLength) => TooLong(
        "INPUT_TOO_LONG",
        $"The {kind} {index} has {tokens} tokens; at most {contextLength} are taken. Shorten it, or serve the model with a longer context.",
        tokens,
        contextLength);

    /// <summary>The queue is full; the client is told when to come back.</summary>
    public static RpcException QueueFull(string message, TimeSpan retryDelay) => Make(
        Code.ResourceExhausted, message, Any.Pack(new RetryInfo { RetryDelay = Duration.FromTimeSpan(retryDelay) }));

    /// <summary>The worker cannot answer in this phase.</summary>
    public static RpcException Unavailable(string reason, string message) => Make(
        Code.Unavailable, message, Any.Pack(new ErrorInfo { Domain = Domain, Reason = reason }));

    /// <summary>A bound of the server was reached; the client is told which, and when to come back.</summary>
    public static RpcException TooMuch(string reason, string message, int limit, TimeSpan retryDelay) => Make(
        Code.ResourceExhausted, message, LimitInfo(reason, limit), Any.Pack(new RetryInfo { RetryDelay = Duration.FromTimeSpan(retryDelay) }));

    /// <summary>The message of the request is larger than any may be.</summary>
    public static RpcException RequestTooLarge(int maxBytes) => Make(
        Code.ResourceExhausted,
        $"The request message has more than {maxBytes} bytes, the most that this worker reads (--max-request-bytes). Send less, or ask for a higher bound.",
        LimitInfo("REQUEST_TOO_LARGE", maxBytes));

    /// <summary>The request took longer than any may.</summary>
    public static RpcException RequestTooLong(TimeSpan limit) => Make(
        Code.DeadlineExceeded,
        $"The request took longer than {limit.TotalSeconds:0} s, the most that this worker grants (--max-request-seconds). Ask for fewer tokens, or ask for a higher bound.",
        LimitInfo("REQUEST_TOO_LONG", (int)limit.TotalSeconds));

    /// <summary>The caller did not show a token that is known.</summary>
    public static RpcException Unauthenticated(string reason, string message) => Make(
        Code.Unauthenticated, message, Any.Pack(new ErrorInfo { Domain = Domain, Reason = reason }));

    /// <summary>This model cannot do what was asked.</summary>
    public static RpcException FailedPrecondition(string subject, string message) => Make(
        Code.FailedPrecondition,
        message,
        Any.Pack(new PreconditionFailure
        {
            Violations = { new PreconditionFailure.Types.Violation { Type = "MODEL", Subject = subject, Description = message } },
        }));

    /// <summary>There is nothing of that name.</summary>
    public static RpcException NotFound(string kind, string message) => Make(
        Code.NotFound, message, Any.Pack(new ErrorInfo { Domain = Domain, Reason = $"{kind}_NOT_FOUND" }));

    /// <summary>There is something of that name already.</summary>
    public static RpcException AlreadyExists(string kind, string message) => Make(
        Code.AlreadyExists, message, Any.Pack(new ErrorInfo { Domain = Domain, Reason = $"{kind}_EXISTS" }));

    /// <summary>The client did not read its stream.</summary>
    public static RpcException SlowReader(TimeSpan waited) => Make(
        Code.Aborted,
        $"The stream was not read for {waited.TotalSeconds:0} s, so its slot was given away. Read faster or ask for fewer tokens.",
        Any.Pack(new ErrorInfo { Domain = Domain, Reason = "SLOW_READER" }));

    /// <summary>The engine failed.</summary>
    public static RpcException EngineFailed() => Make(
        Code.Internal,
        "The engine failed while computing this request; the worker ends and is started anew.",
        Any.Pack(new ErrorInfo { Domain = Domain, Reason = "ENGINE_FAILED" }));

    private static Any LimitInfo(string reason, int limit) => Any.Pack(new ErrorInfo
    {
        Domain = Domain,
        Reason = reason,
        Metadata = { ["limit"] = limit.ToString(CultureInfo.InvariantCulture) },
    });

    private static RpcException TooLong(string reason, string message, int tokens, int contextLength) => Make(
        Code.OutOfRange,
        message,
        Any.Pack(new ErrorInfo
        {
            Domain = Domain,
            Reason = reason,
            Metadata =
            {
                ["prompt_tokens"] = tokens.ToString(CultureInfo.InvariantCulture),
                ["context_length"] = contextLength.ToString(CultureInfo.InvariantCulture),
            },
        }));

    private static RpcException Make(Code code, string message, params Any[] details) =>
        new Status { Code = (int)code, Message = Shortened(message, MostMessageLength), Details = { details } }.ToRpcException();

    private static string Shortened(string text, int most) => text.Length <= most ? text : $"{text[..(most - (char.IsHighSurrogate(text[most - 1]) ? 1 : 0))]}…";
}
