using System.CommandLine;
using FleetOps.Benchmarks.Figures;
using FleetOps.Benchmarks.Planning;
using FleetOps.Benchmarks.Reports;
using FleetOps.Benchmarks.Weights;
using FleetOps.Benchmarks.Worker.Bare;
using FleetOps.Benchmarks.Worker.Figures;
using FleetOps.Benchmarks.Worker.Servers;

var only = new Option<string[]>("--only") { Description = $"Figures to measure, by commas: {string.Join(", ", OperatorBench.Names)}. Default: all.", AllowMultipleArgumentsPerToken = true };
var count = new Option<int>("--count") { Description = "ModelDeployments of the burst, and the smallest fleet. Default: 1000; the larger fleets have 5 and 10 times as many.", DefaultValueFactory = _ => 1000 };
var minutes = new Option<double>("--minutes") { Description = "Minutes of the steady state. Default: 10.", DefaultValueFactory = _ => 10 };
var runs = new Option<int>("--runs") { Description = "Bursts of each contender. Default: 3.", DefaultValueFactory = _ => 3 };
var jit = new Option<bool>("--jit") { Description = "Measure the operator as development runs it, not the one that is shipped." };
var operatorCommand = new Command("operator", "Measures the operator against a real etcd and kube-apiserver.") { only, count, minutes, runs, jit };
operatorCommand.SetAction((parsed, cancel) => OperatorBench.RunAsync(
    new()
    {
        Only = Names(parsed.GetValue(only)),
        Count = parsed.GetValue(count),
        Minutes = parsed.GetValue(minutes),
        Runs = parsed.GetValue(runs),
        Jit = parsed.GetValue(jit),
    },
    cancel));

var plannerCommand = new Command("planner", "Measures the planner by BenchmarkDotNet.");
plannerCommand.SetAction(_ =>
{
    var report = new Report("planner");
    PlannerFigure.Measure(report);
    report.Close();
});

var workerOnly = new Option<string[]>("--only") { Description = $"Figures to measure, by commas; the beginning of a name chooses all that begin so: {string.Join(", ", WorkerBench.Names)}. Default: all.", AllowMultipleArgumentsPerToken = true };
var workerRuns = new Option<int>("--runs") { Description = "Runs of each contender. Default: 7.", DefaultValueFactory = _ => 7 };
var workerRequests = new Option<int>("--requests") { Description = "Requests over which memory must not grow. Default: 100000.", DefaultValueFactory = _ => 100_000 };
var workerJit = new Option<bool>("--jit") { Description = "Measure the worker as development runs it, not the one that is shipped." };
var workerCommand = new Command("worker", "Measures the inference worker against llama.cpp's own programs.") { workerOnly, workerRuns, workerRequests, workerJit };
workerCommand.SetAction((parsed, cancel) => WorkerBench.RunAsync(
    new()
    {
        Only = Names(parsed.GetValue(workerOnly)),
        Runs = parsed.GetValue(workerRuns),
        Requests = parsed.GetValue(workerRequests),
        Jit = parsed.GetValue(workerJit),
    },
    cancel));

var soakSeconds = new Option<double>("--seconds") { Description = "For how long requests are sent. Default: 3600.", DefaultValueFactory = _ => 3600 };
var soakSeed = new Option<int>("--seed") { Description = "What the mix depends on. Default: 1.", DefaultValueFactory = _ => 1 };
var soakCommand = new Command("soak", "Asks a worker for everything at random, for an hour.") { soakSeconds, soakSeed, workerJit };
soakCommand.SetAction((parsed, cancel) => SoakProgram.RunAsync(TimeSpan.FromSeconds(parsed.GetValue(soakSeconds)), parsed.GetValue(soakSeed), parsed.GetValue(workerJit), cancel));

var mebibytes = new Option<int>("--mebibytes") { Description = "Size of the model. Default: 5120.", DefaultValueFactory = _ => 5120 };
var weightRuns = new Option<int>("--runs") { Description = "Runs of each contender. Default: 5.", DefaultValueFactory = _ => 5 };
var weightFolder = new Option<string>("--folder") { Description = "Where the files go. Default: /dev/shm, which is memory, because curl flushes nothing to a disk.", DefaultValueFactory = _ => "/dev/shm" };
var weightsCommand = new Command("weights", "Measures how fast the worker fetches and verifies a model, against curl.") { mebibytes, weightRuns, weightFolder, workerJit };
weightsCommand.SetAction((parsed, cancel) =>
    new WeightsBench(parsed.GetValue(mebibytes), parsed.GetValue(weightRuns), parsed.GetValue(workerJit), parsed.GetValue(weightFolder)!).RunAsync(cancel));

var kubeConfig = new Argument<string>("kubeconfig");
var documents = new Argument<string>("documents");
var bare = new Command("bare-client", "Used by `operator`: applies documents and does nothing else.") { kubeConfig, documents };
bare.Hidden = true;
bare.SetAction((parsed, cancel) => BareClient.RunAsync(parsed.GetValue(kubeConfig)!, parsed.GetValue(documents)!, cancel));

var work = new Argument<string>("work");
var bareBinding = new Command("bare-binding", "Used by `worker`: computes with the binding and does nothing else.") { work };
bareBinding.Hidden = true;
bareBinding.SetAction(parsed => BareBinding.Run(parsed.GetValue(work)!));

var root = new RootCommand("Measures FleetOps. Results are a table and a file in artifacts/bench.") { operatorCommand, plannerCommand, workerCommand, weightsCommand, soakCommand, bare, bareBinding };
try
{
    return await root.Parse(args).InvokeAsync(new() { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = TimeSpan.FromMinutes(1) });
}
catch (OperationCanceledException)
{
    Progress.Say("cancelled; everything that was started has been ended");
    return 130;
}
catch (InvalidOperationException e)
{
    Progress.Say(e.Message);
    return 1;
}

static string[] Names(string[]? given) => [.. (given ?? []).SelectMany(names => names.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))];
